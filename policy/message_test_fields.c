/*
 * message_test_fields: the shape of a mail's fields, as evidence.
 *
 * The sender (RFC 5322 §3.6.2), the subject, and the fields that only programs
 * write, by which one tells programs of people from those of campaigns. Called
 * by message_test.c.
 */
#include <ctype.h>
#include <string.h>

#include "address.h"
#include "message_test.h"

enum { GAP = 4, TAIL = 30 };

const char *
usher_reply_prefix(const char *subject)
{
	static const char *const words[] = {
		"re",
		"fw",
		"fwd",
		"aw",
		"wg",
		"odp",
		"rv",
		"tr",
		"sv",
		"vs",
		"antw",
		"ynt",
		"res",
		"enc",
	};

	while (isspace((unsigned char)*subject))
		subject++;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *at = subject + strlen(words[i]);

		if (strncasecmp(subject, words[i], strlen(words[i])) != 0)
			continue;
		if (*at == '[')
			at += strcspn(at, "]") + (strchr(at, ']') != NULL);
		while (*at == ' ' || isdigit((unsigned char)*at))
			at++;
		if (*at == ':')
			return at + 1;
	}
	return NULL;
}

/* Nine letters or more, hardly a small one among them. */
static bool
shouts(const char *text)
{
	size_t capitals = 0, small = 0;

	for (; *text; text++) {
		capitals += *text >= 'A' && *text <= 'Z';
		small += *text >= 'a' && *text <= 'z';
	}
	return capitals >= 9 && capitals > 4 * small;
}

static bool
exclaims(const char *text)
{
	const char *dollar = strchr(text, '$');
	size_t length = strlen(text);

	while (length > 0 && text[length - 1] == ' ')
		length--;
	return (length > 0 && text[length - 1] == '!') || strstr(text, "!!") ||
	    strstr(text, "$$") || (dollar && isdigit((unsigned char)dollar[1]));
}

/* Four Words Or More, Each With A Capital; small ones need none. */
static bool
is_title(const char *text)
{
	size_t capitals = 0;

	while (*text) {
		size_t run = 0, small = 0;

		text += strcspn(text,
		    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
		for (; isalpha((unsigned char)text[run]); run++)
			small += islower((unsigned char)text[run]) != 0;
		if (run > 3 && small == run)
			return false;
		capitals += run > 2 && small == run - 1;
		text += run;
	}
	return capitals >= 4;
}

/* "     32140", " [ztpxx]", "(0766aExl8-42@11)": so that no two are alike. */
static bool
has_tail(const char *text)
{
	const char *gap = strstr(text, "    "), *open;
	size_t length = strlen(text);

	while (length > 0 && text[length - 1] == ' ')
		length--;
	if (gap && (size_t)(gap - text) < length &&
	    length - (size_t)(gap - text) < TAIL + 60)
		return true;
	if (length < 8 || !strchr("])", text[length - 1]))
		return false;
	open = memrchr(text, text[length - 1] == ']' ? '[' : '(', length);
	if (!open || open == text || length - (size_t)(open - text) > TAIL)
		return false;
	for (const char *at = open + 1; at < text + length - 1; at++) {
		if (isdigit((unsigned char)*at) && at[1] != '/' &&
		    isalpha((unsigned char)at[1]))
			return true;
	}
	return false;
}

/* [tag], not of a patch and not too long to be a name. */
static bool
has_tag(const char *text)
{
	const char *behind = usher_reply_prefix(text);

	if (behind)
		text = behind;
	while (*text == ' ')
		text++;
	return *text == '[' && strcspn(text, "]") < 40 && strchr(text, ']');
}

uint64_t
usher_tests_of_subject(const char *subject)
{
	uint64_t tests = usher_test_bit(TEST_SUBJECT_SHOUTS, shouts(subject));

	tests |= usher_test_bit(TEST_SUBJECT_EXCLAIMS, exclaims(subject));
	tests |= usher_test_bit(TEST_SUBJECT_TITLE, is_title(subject));
	tests |= usher_test_bit(TEST_SUBJECT_TAIL, has_tail(subject));
	tests |= usher_test_bit(TEST_SUBJECT_TAG, has_tag(subject));
	tests |= usher_test_bit(TEST_MERGE_TAG,
	    usher_has_merge_tag(subject, strlen(subject)));
	return tests;
}

/* The recipient stands in the return path: user=domain, user-domain. */
static bool
is_verp(struct arena *arena, const char *mail_from, const char *recipient)
{
	const char *at = recipient ? strchr(recipient, '@') : NULL;
	char *joined;

	if (!mail_from || !at || at == recipient)
		return false;
	joined = usher_arena_printf(arena, "%.*s=%s", (int)(at - recipient),
	    recipient, at + 1);
	return joined && strcasestr(mail_from, joined) &&
	    strncasecmp(mail_from, "SRS", 3) != 0;
}

static bool
is_free_mail(const char *address)
{
	static const char *const domains[] = {
		"gmail.com",
		"googlemail.com",
		"outlook.com",
		"hotmail.com",
		"yahoo.com",
		"live.com",
		"aol.com",
		"icloud.com",
		"gmx.de",
		"gmx.net",
		"web.de",
		"163.com",
		"126.com",
		"qq.com",
		"mail.ru",
		"yandex.ru",
		"wp.pl",
		"o2.pl",
		"proton.me",
		"protonmail.com",
		"orange.fr",
		"free.fr",
	};
	const char *at = address ? strrchr(address, '@') : NULL;

	for (size_t i = 0; at && i < sizeof(domains) / sizeof(domains[0]);
	     i++) {
		if (strcasecmp(at + 1, domains[i]) == 0)
			return true;
	}
	return false;
}

/* Two addresses or hosts whose organizations are known and are not one. */
static bool
elsewhere(struct arena *arena, const char *one, const char *other)
{
	if (!one || !other)
		return false;
	if (strrchr(one, '@'))
		one = strrchr(one, '@') + 1;
	if (strrchr(other, '@'))
		other = strrchr(other, '@') + 1;
	if (strcasecmp(one, other) == 0)
		return false;
	one = usher_domain_organization(arena, one);
	other = usher_domain_organization(arena, other);
	return one && other && strcmp(one, other) != 0;
}

/* Four digits in a row. */
static bool
has_digits(const char *address)
{
	size_t run = 0;

	for (; *address && *address != '@' && run < 4; address++)
		run = isdigit((unsigned char)*address) ? run + 1 : 0;
	return run == 4;
}

/* Six consonants in a row that no language has; y is a vowel. */
static bool
is_gibberish(const char *address)
{
	size_t run = 0;

	for (; *address && *address != '@'; address++) {
		int c = tolower((unsigned char)*address);

		if (!isalpha(c) || strchr("aeiouy", c))
			run = 0;
		else if (++run >= 6)
			return true;
	}
	return false;
}

static bool
is_bare(const char *from)
{
	const char *open = from ? strchr(from, '<') : NULL;

	if (!from)
		return true;
	while (isspace((unsigned char)*from) || *from == '"')
		from++;
	if (!open)
		return !strchr(from, '(');
	return from >= open || !isspace((unsigned char)open[-1]);
}

uint64_t
usher_tests_of_sender(struct usher_message *message,
    const struct message_head *head, const char *mail_from)
{
	struct arena *arena = &message->arena;
	const char *from = head->from_count > 0 ? head->from[0] : NULL;
	bool reply_free = head->reply_to && is_free_mail(head->reply_to);
	uint64_t tests = usher_test_bit(TEST_NULL_SENDER,
	    mail_from && !*mail_from);

	tests |= usher_test_bit(TEST_VERP,
	    is_verp(arena, mail_from, head->first_recipient));
	tests |= usher_test_bit(TEST_BARE_FROM,
	    is_bare(usher_message_field(message, "From")));
	if (!from)
		return tests;
	tests |= usher_test_bit(TEST_FREE_MAIL, is_free_mail(from));
	tests |= usher_test_bit(TEST_FROM_DIGITS, has_digits(from));
	tests |= usher_test_bit(TEST_FROM_GIBBERISH, is_gibberish(from));
	tests |= usher_test_bit(TEST_SENDER_ELSEWHERE,
	    mail_from && *mail_from && elsewhere(arena, from, mail_from));
	tests |= usher_test_bit(TEST_REPLY_SAME,
	    head->reply_to && strcasecmp(from, head->reply_to) == 0);
	tests |= usher_test_bit(TEST_REPLY_ELSEWHERE,
	    elsewhere(arena, from, head->reply_to));
	tests |= usher_test_bit(TEST_REPLY_FREE_MAIL,
	    reply_free && elsewhere(arena, from, head->reply_to));
	return tests;
}

/* The right side of a message id, ended; NULL when it is none. */
static const char *
id_host(struct arena *arena, const char *id)
{
	const char *at = strrchr(id, '@');

	return at ? usher_arena_bytes(arena, at + 1, strcspn(at + 1, "> \t"))
		  : NULL;
}

static bool
is_odd_id(const char *id, const char *host)
{
	while (isspace((unsigned char)*id))
		id++;
	return *id != '<' || !host || !strchr(host, '.') ||
	    strpbrk(host, "()[];,:#") || strcspn(id, " #") < strlen(id);
}

/*
 * Outlook Express writes <12 hex $ 8 hex $ 8 hex @ its computer's name>, the
 * middle a time and the last an address; bulk mailers that copy the form have
 * small numbers there.
 */
static bool
is_made_up_id(const char *id)
{
	const char *first = strchr(id, '$');

	return first &&
	    (strncmp(first + 1, "0000", 4) == 0 ||
		(strlen(first) > 9 && first[9] == '$' &&
		    strncmp(first + 10, "0000", 4) == 0));
}

/* X-Mailer is a host, and the sender's own. */
static bool
is_own_mailer(struct arena *arena, const char *mailer, const char *from)
{
	size_t length = mailer ? strcspn(mailer, " \t/(") : 0;
	const char *host;

	if (length < 4 || mailer[length] != '\0' || !from ||
	    !memchr(mailer, '.', length))
		return false;
	host = usher_arena_bytes(arena, mailer, length);
	return host && usher_domain_organization(arena, host) &&
	    !elsewhere(arena, host, from);
}

uint64_t
usher_tests_of_programs(struct usher_message *message,
    const struct message_head *head)
{
	struct arena *arena = &message->arena;
	const char *id = usher_message_field(message, "Message-ID");
	const char *from = head->from_count > 0 ? head->from[0] : NULL;
	const char *host = id ? id_host(arena, id) : NULL;
	uint64_t tests = usher_test_bit(TEST_NO_MESSAGE_ID, !id);

	if (id) {
		tests |= usher_test_bit(TEST_ODD_MESSAGE_ID,
		    is_odd_id(id, host));
		tests |= usher_test_bit(TEST_MADE_UP_MESSAGE_ID,
		    is_made_up_id(id));
		tests |= usher_test_bit(TEST_FOREIGN_MESSAGE_ID,
		    elsewhere(arena, from, host));
	}
	tests |= usher_test_bit(TEST_OWN_MAILER,
	    is_own_mailer(arena, usher_message_field(message, "X-Mailer"),
		from));
	tests |= usher_test_bit(TEST_FALSE_OUTLOOK,
	    usher_message_field(message, "X-MSMail-Priority") &&
		!usher_message_field(message, "X-MimeOLE"));
	tests |= usher_test_bit(TEST_NO_MIME,
	    !usher_message_field(message, "Content-Type"));
	return tests;
}
