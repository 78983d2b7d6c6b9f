/*
 * word: the words of the design for its enumerations.
 *
 * One table a word list, in the order of the enumeration in usher.h. Lowest
 * floor: everybody who prints or reads such a word comes here. Keeps
 * design.md §1 and the answers and reasons of §10.
 */
#include "usher.h"

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *const channels[] = {
	[USHER_EMAIL] = "email",
	[USHER_PHONE] = "phone",
	[USHER_VIDEO] = "video",
	[USHER_FAX] = "fax",
	[USHER_MESSAGE] = "message",
	[USHER_POST] = "post",
	[USHER_PAGE] = "page",
	[USHER_URI] = "uri",
};

static const char *const purposes[] = {
	[USHER_PURPOSE_UNKNOWN] = "unknown",
	[USHER_SALES] = "sales",
	[USHER_BULK] = "bulk",
	[USHER_LIST] = "list",
	[USHER_TRANSACTIONAL] = "transactional",
	[USHER_PERSONAL] = "personal",
};

static const char *const answers[] = {
	[USHER_REFUSE] = "refuse",
	[USHER_REDIRECT] = "redirect",
	[USHER_DEFER] = "defer",
	[USHER_ACCEPT] = "accept",
	[USHER_PENDING] = "pending",
};

static const char *const reasons[] = {
	[USHER_BY_RULE] = "rule",
	[USHER_OUTSIDE_HOURS] = "outside its hours",
	[USHER_CAP_REACHED] = "cap reached",
	[USHER_SUBSTANCE_MISSING] = "substance missing",
	[USHER_BY_OVERRIDE] = "override",
	[USHER_BY_PROMISE] = "promise",
	[USHER_FOR_SAFETY] = "safety",
	[USHER_NO_MEMORY] = "no memory",
};

static const char *const modes[] = {
	[USHER_OFF] = "off",
	[USHER_OBSERVE] = "observe",
	[USHER_ENFORCE] = "enforce",
};

static const char *
word(const char *const *table, size_t count, size_t index)
{
	return index < count ? table[index] : "?";
}

static bool
find(const char *const *table, size_t count, const char *text, size_t *index)
{
	for (size_t i = 0; text && i < count; i++) {
		if (strcmp(table[i], text) == 0) {
			*index = i;
			return true;
		}
	}
	return false;
}

const char *
usher_channel_word(enum usher_channel channel)
{
	return word(channels, COUNT(channels), (size_t)channel);
}

const char *
usher_purpose_word(enum usher_purpose purpose)
{
	return word(purposes, COUNT(purposes), (size_t)purpose);
}

const char *
usher_answer_word(enum usher_answer answer)
{
	return word(answers, COUNT(answers), (size_t)answer);
}

const char *
usher_reason_word(enum usher_reason reason)
{
	return word(reasons, COUNT(reasons), (size_t)reason);
}

const char *
usher_mode_word(enum usher_mode mode)
{
	return word(modes, COUNT(modes), (size_t)mode);
}

/* "uri" is no word of a source: a target of that kind is written as a URI. */
bool
usher_channel_read(const char *text, enum usher_channel *channel)
{
	size_t index;

	if (!find(channels, USHER_URI, text, &index))
		return false;
	*channel = (enum usher_channel)index;
	return true;
}

bool
usher_purpose_read(const char *text, enum usher_purpose *purpose)
{
	size_t index;

	if (!find(purposes, COUNT(purposes), text, &index))
		return false;
	*purpose = (enum usher_purpose)index;
	return true;
}
