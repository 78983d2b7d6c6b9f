/*
 * message_test_form: HTML, pictures and links of a mail, as evidence.
 *
 * Campaigns count who reads them, so their links hold codes that no person
 * would type. Called by message_test.c.
 */
#include <ctype.h>
#include <string.h>

#include "address.h"
#include "message_test.h"

enum { LINKS_LOOKED_AT = 20, CODE_LENGTH = 16 };

/* A run of letters and digits, both, or of digits alone, of CODE_LENGTH. */
static bool
has_code(const char *url)
{
	size_t run = 0, digits = 0;

	url += strcspn(url, "/?");
	for (; *url; url++) {
		if (!isalnum((unsigned char)*url)) {
			run = digits = 0;
			continue;
		}
		run++;
		digits += isdigit((unsigned char)*url) != 0;
		if (run >= CODE_LENGTH && digits >= 4)
			return true;
	}
	return false;
}

/* None of the links leads to the organization of From, and there are some. */
static bool
all_foreign(struct arena *arena, const struct message_head *head,
    const struct message_content *content)
{
	const char *from = head->from_count > 0 && head->from[0]
	    ? strrchr(head->from[0], '@')
	    : NULL;
	const char *own = from ? usher_domain_organization(arena, from + 1)
			       : NULL;

	if (!own || content->links.count == 0)
		return false;
	for (size_t i = 0; i < content->links.count && i < LINKS_LOOKED_AT;
	     i++) {
		const char *other = usher_domain_organization(arena,
		    content->links.strings[i]);

		if (other && strcmp(own, other) == 0)
			return false;
	}
	return true;
}

static uint64_t
tests_of_links(const struct message_content *content)
{
	size_t count = content->urls.count, coded = 0;
	uint64_t tests = usher_test_bit(TEST_NO_LINKS, count == 0);

	for (size_t i = 0; i < count; i++)
		coded += has_code(content->urls.strings[i]);
	tests |= usher_test_bit(TEST_LINKS, count >= 6);
	tests |= usher_test_bit(TEST_MANY_LINKS, count >= 20);
	tests |= usher_test_bit(TEST_UNIQUE_LINKS, coded >= 3);
	return tests;
}

uint64_t
usher_tests_of_form(struct usher_message *message,
    const struct message_head *head, const struct message_content *content)
{
	const char *text = content->text.data ? content->text.data : "";
	uint64_t tests = tests_of_links(content);
	bool wordless = content->pictures > 0 && content->text.length < 4000 &&
	    usher_text_words(text, content->text.length) < 25;

	tests |= usher_test_bit(TEST_FOREIGN_LINKS,
	    all_foreign(&message->arena, head, content));
	tests |= usher_test_bit(TEST_HTML, content->html);
	tests |= usher_test_bit(TEST_HTML_ONLY,
	    content->html && !content->plain);
	tests |= usher_test_bit(TEST_PICTURES, content->pictures >= 4);
	tests |= usher_test_bit(TEST_IMAGE_ONLY, wordless);
	tests |= usher_test_bit(TEST_TABLES, content->tables >= 1);
	tests |= usher_test_bit(TEST_STYLED,
	    content->fonts >= 2 || content->forms > 0);
	tests |= usher_test_bit(TEST_PIXEL, content->pixel);
	return tests;
}
