/*
 * What a mail shows and brings: text without quotes and signature, parts,
 * attachments, links. Small mails of our own, each for one behaviour.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "mail.h"
#include "message_sniff.h"

struct text_case {
	const char *name, *type, *body, *shown;
};

#define HTML "text/html; charset=utf-8"
#define PLAIN "text/plain; charset=utf-8"

static const struct text_case texts[] = {
	{ "plain", PLAIN, "One two.\nThree\n", "One two.|Three" },
	{ "quote marks", PLAIN, "Yes.\n> No?\n>> Hm\n > x\nBye\n", "Yes.|Bye" },
	{ "attribution with a quote", PLAIN,
	    "On Mon, Ann wrote:\n> hi\nMe too\n", "Me too" },
	{ "attribution in two lines", PLAIN,
	    "Top\nOn Mon, 1 Jan, Ann\n<ann@x.example> wrote:\n\n> hi\nMe\n",
	    "Top|Me" },
	{ "attribution without marks", PLAIN,
	    "Fine\n\nAm Mo schrieb Ann:\nalter Text\nmehr\n", "Fine" },
	{ "a sentence that begins alike", PLAIN,
	    "On Monday we meet.\nBring cake\n",
	    "On Monday we meet.|Bring cake" },
	{ "outlook's line", PLAIN,
	    "Ok\n-----Original Message-----\nFrom: x\nold\n", "Ok" },
	{ "outlook's block", PLAIN,
	    "Ok\nFrom: Ann\nSent: Monday\nTo: me\nold\n", "Ok" },
	{ "a line that looks like a field", PLAIN, "From: the heart\nI write\n",
	    "From: the heart|I write" },
	{ "forwarded", PLAIN,
	    "See\n---------- Forwarded message ---------\nold\n", "See" },
	{ "a heading with dashes", PLAIN, "----- Offers -----\nx\n",
	    "----- Offers -----|x" },
	{ "signature", PLAIN, "Text\n-- \nAnn\nPhone 1\n", "Text" },
	{ "a signature below nothing", PLAIN, "\n-- \nBuy now\n",
	    "-- |Buy now" },
	{ "a signature below a quote", PLAIN, "> hi\n-- \nAnn\n", "" },
	{ "signature that lost its blank", PLAIN, "Text\n--\nAnn\n", "Text" },
	{ "latin-1 without saying so", "text/plain",
	    "Gr\xfc\xdf"
	    "e\n",
	    "Gr\xc3\xbc\xc3\x9f"
	    "e" },
	{ "a charset nobody knows", "text/plain; charset=x-zork", "hi\n",
	    "hi" },
	{ "iso-8859-2", "text/plain; charset=iso-8859-2", "\xb1\n",
	    "\xc4\x85" },
	{ "html", HTML,
	    "<html><head><title>T</title><style>p{}</style></head>"
	    "<body><p>One&nbsp;two<br>three</p><script>x<y</script>&lt;4&gt;"
	    "</body></html>",
	    "One two|three|<4>" },
	{ "entities", HTML, "&auml;&#228;&#xE4;&euro;&amp;&zork;&#0;&",
	    "\xc3\xa4\xc3\xa4\xc3\xa4\xe2\x82\xac&&zork;\xef\xbf\xbd&" },
	{ "letters of Central Europe", HTML, "&Lstrok;&oacute;d&zacute;",
	    "\xc5\x81\xc3\xb3"
	    "d\xc5\xba" },
	{ "references without an end", HTML,
	    "&#79;ffer&#x6f;ne&nbsptwo&ampthree&notfour&lstrok&#0000000079;&#;",
	    "Offerone two&three\xc2\xac"
	    "four&lstrokO&#;" },
	{ "what windows means", HTML, "don&#146;t", "don\xe2\x80\x99t" },
	{ "references to nothing", HTML,
	    "o&ZeroWidthSpace;f&NoBreak;f&InvisibleComma;er", "offer" },
	{ "white space", HTML, "<p> a \n\t b </p>  <p>c", "a b|c" },
	{ "words are not cut by what nobody sees", HTML,
	    "sa&#8203;les of&shy;fer", "sales offer" },
	{ "display none", HTML, "a<div style='DISPLAY : none'>b<p>c</div>d",
	    "a|d" },
	{ "visibility hidden", HTML, "a<i style=visibility:hidden>b</i>c",
	    "ac" },
	{ "no size", HTML,
	    "a<i style='font-size:0'>b</i>"
	    "<i style='font-size: 1px !important'>c</i>"
	    "<i style='font-size:0.1em'>d</i>",
	    "ad" },
	{ "a size for the blanks between", HTML,
	    "<td style='font-size:0px'><div style='font-size:13px'>a</div>"
	    "<i>b</i><i style='font-size:2em'>c</i></td>",
	    "a" },
	{ "visible again", HTML,
	    "<div style=visibility:hidden>a<i "
	    "style=visibility:visible>b</i>c</div>",
	    "b" },
	{ "the last declaration counts", HTML,
	    "<i style='display:none;display:inline'>a</i>"
	    "<i style='font-size:0;font-size:12px'>b</i>"
	    "<i style='display:none!important;display:inline'>c</i>",
	    "ab" },
	{ "values that CSS does not know", HTML,
	    "<i style='display:nonesuch'>a</i><i style='font-size:0zork'>b</i>"
	    "<i style='visibility:hiddenly'>c</i>",
	    "abc" },
	{ "a style in disguise", HTML,
	    "of<i style='display&#58;none'>x</i>f<i style='display:/**/none'>"
	    "y</i>er",
	    "offer" },
	{ "an attribute given twice", HTML,
	    "<p style='color:red' style='display:none'>a</p>", "a" },
	{ "a style overrules the hidden attribute", HTML,
	    "<p hidden style=display:block>a</p>", "a" },
	{ "a style overrules the attribute of a colour", HTML,
	    "<td style='background:#000' bgcolor=#fff><font color=#fff>a"
	    "</font></td>",
	    "a" },
	{ "a colour of its own", HTML,
	    "<td style='background:#fff;color:#fff'>a<b style=color:#333>b</b>"
	    "</td>",
	    "b" },
	{ "a background that shines through", HTML,
	    "<td style='background:rgba(255,255,255,0);color:#fff'>a</td>",
	    "a" },
	{ "hidden by a sheet", HTML,
	    "<style>b, .x, p#y { display:none } .z .w {display:none}</style>"
	    "of<i class='a x'>salt</i>fer<i id=y>b</i><i class=w>c</i>",
	    "offerc" },
	{ "shown by a sheet elsewhere", HTML,
	    "<style><!-- .x{display:none} table .x:first-child{display:block}"
	    "--></style>a<p class=x>b",
	    "a|b" },
	{ "a style overrules a sheet", HTML,
	    "<style>.x{font-size:0}</style><i class=x>a</i>"
	    "<i class=x style=font-size:9pt>b</i>",
	    "b" },
	{ "a sheet for some readers", HTML,
	    "<style>@media print { .x { display:none } } @import 'u'; "
	    "/* } .x { */ .y { visibility : hidden }</style>"
	    "<style media=print>.x{display:none}</style>"
	    "<i class=x>a</i><i class=Y>b</i>",
	    "a" },
	{ "sheets without an end", HTML,
	    "<style>.x{display:none</style><i class=x>a</i>b<style>.y{@", "b" },
	{ "colour of the background", HTML,
	    "<div bgcolor=white>a<font color='#FFF'>b</font>c</div>", "ac" },
	{ "same in one style", HTML,
	    "a<i style='color:rgb(1,2,3);background:#010203'>b</i>", "a" },
	{ "white on a picture", HTML,
	    "<td bgcolor=#ffffff><div style='background:url(x)'>"
	    "<b style='color:#fff'>b</b></div></td>",
	    "b" },
	{ "hidden attribute", HTML, "a<p hidden>b</p>c", "a|c" },
	{ "clipped to nothing", HTML,
	    "a<div style='max-height:0;overflow:hidden'>b</div>c", "a|c" },
	{ "unclosed hidden paragraph", HTML, "<p style='display:none'>a<p>b",
	    "b" },
	{ "a block ends a paragraph", HTML,
	    "<p style='display:none'><b>a</b><div>b</div>", "b" },
	{ "a cell ends a cell", HTML,
	    "<table><tr><td style='display:none'><b>a<td>b<tr hidden><td>c"
	    "<tr><td>d</table>",
	    "b|d" },
	{ "a table in a cell does not", HTML,
	    "<td style='display:none'><table><td>a</table>b</td>c", "c" },
	{ "an item ends an item", HTML,
	    "<ul><li style='display:none'><i>a<li>b</ul>", "b" },
	{ "what readers show though it is no text", HTML,
	    "<object>a</object><textarea>b</textarea>", "ab" },
	{ "text in the head", HTML, "<html><head><meta x=y>a <b>b</b>", "a b" },
	{ "cite", HTML, "a<blockquote type=cite>b<p>c</blockquote>d", "a|d" },
	{ "a quotation by the writer", HTML, "a<blockquote>b</blockquote>",
	    "a|b" },
	{ "gmail", HTML, "a<div class=\"x gmail_quote\">On x wrote:<br>b</div>",
	    "a" },
	{ "outlook", HTML, "a<div id=\"divRplyFwdMsg\">From: x</div><p>b</p>",
	    "a" },
	{ "a head that never ends", HTML, "<head><title>x</title><p>a", "a" },
	{ "comments", HTML, "a<!-- b > c -->d<!--[if mso]>e<![endif]-->f",
	    "adf" },
	{ "comments that end at once", HTML, "a<!-->b<!--->c<!-- d --!>e",
	    "abce" },
	{ "an unclosed comment", HTML, "a<!-- b", "a" },
	{ "an unclosed tag", HTML, "a<b", "a" },
	{ "no tags", HTML, "1 < 2 <3 a&b", "1 < 2 <3 a&b" },
};

static void
the_shown_text_is_what_a_reader_sees(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char mail[1024];

		snprintf(mail, sizeof(mail),
		    "From: a@b.example\n"
		    "Content-Type: %s\n\n%s",
		    texts[i].type, texts[i].body);
		mail_read(mail);
		if (strcmp(mail_shown(), texts[i].shown) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", texts[i].name,
			    mail_shown(), texts[i].shown);
		mail_done();
	}
}

static void
words_are_those_shown(void **state)
{
	(void)state;
	mail_read(
	    "Content-Type: text/html\n\n<p>one two</p><p style='display:"
	    "none'>three four</p>three<blockquote type=cite>x</blockquote>");
	assert_int_equal(mail_facts->words, 3);
	mail_done();
}

#define MIXED                                    \
	"From: a@b.example\nMIME-Version: 1.0\n" \
	"Content-Type: multipart/mixed; boundary=m\n\n"
#define ALTERNATIVE "Content-Type: multipart/alternative; boundary=x\n\n"
#define RELATED "Content-Type: multipart/related; boundary=x\n\n"
#define PLAIN_PART "--x\nContent-Type: text/plain\n\nplain\n"
#define HTML_PART "--x\nContent-Type: text/html\n\n<b>html</b>\n"
#define PDF "%PDF-1.4\nx\n"

struct part_case {
	const char *name, *mail, *shown, *attachments;
};

static const struct part_case parts[] = {
	{ "alternatives: the last one is seen",
	    ALTERNATIVE PLAIN_PART HTML_PART "--x--\n", "html", "" },
	{ "alternatives: an empty last one is not",
	    ALTERNATIVE PLAIN_PART "--x\nContent-Type: text/html\n\n \n--x--\n",
	    "plain", "" },
	{ "alternatives: nor one that no reader knows",
	    ALTERNATIVE PLAIN_PART "--x\nContent-Type: text/x-amp-html\n\nq\n"
				   "--x--\n",
	    "plain", "" },
	{ "related pictures are no attachments",
	    RELATED HTML_PART "--x\nContent-Type: image/png; name=a.png\n"
			      "Content-ID: <1>\n\n\x89PNG\r\n\x1a\n\n--x--\n",
	    "html", "" },
	{ "an attached pdf",
	    MIXED "--m\n\nhi\n--m\nContent-Type: "
		  "application/pdf\nContent-Disposition: attachment; "
		  "filename=\"My Deck.PDF\"\n\n" PDF "--m--\n",
	    "hi", "my deck.pdf=pdf " },
	{ "named in the type alone",
	    MIXED "--m\nContent-Type: "
		  "application/octet-stream; name=a.pdf\n\n" PDF "--m--\n",
	    "", "a.pdf=pdf " },
	{ "names as RFC 2231 and RFC 2047 write them",
	    MIXED
	    "--m\nContent-Disposition: attachment; filename*0*=utf-8''%c3%bc;"
	    " filename*1*=.pdf\n\n" PDF "--m\nContent-Disposition: "
	    "attachment; filename=\"=?utf-8?q?b=2Epdf?=\"\n\n" PDF "--m--\n",
	    "", "\xc3\xbc.pdf=pdf b.pdf=pdf " },
	{ "no pdf, whatever it is called",
	    MIXED
	    "--m\nContent-Type: application/pdf; name=a.pdf\n\nhello\n--m--\n",
	    "", "a.pdf= " },
	{ "an empty pdf",
	    MIXED "--m\nContent-Type: application/pdf; name=a.pdf\n\n\n--m--\n",
	    "", "a.pdf= " },
	{ "an ending that is not known",
	    MIXED
	    "--m\nContent-Type: application/x; name=a.zork\n\nhello\n--m--\n",
	    "", "a.zork=zork " },
	{ "a program that is not called one",
	    MIXED
	    "--m\nContent-Type: application/x; name=a.zork\n\nMZ\n--m--\n",
	    "", "a.zork= " },
	{ "no ending",
	    MIXED "--m\nContent-Type: application/x; name=a\n\nx\n--m--\n", "",
	    "a= " },
	{ "base64",
	    MIXED "--m\nContent-Type: image/gif; name=a.gif\n"
		  "Content-Transfer-Encoding: base64\n\nR0lGODlhAQ==\n--m--\n",
	    "", "a.gif=gif " },
	{ "a text with a name",
	    MIXED "--m\n\nhi\n--m\nContent-Type: text/plain;"
		  " name=notes.txt\n\nlong\n--m--\n",
	    "hi", "notes.txt=txt " },
	{ "the letter itself is no file, whatever it is called",
	    "Content-Type: text/plain; name=a.txt\n\nhi\n", "hi", "" },
	{ "nor is an alternative",
	    ALTERNATIVE PLAIN_PART
	    "--x\nContent-Type: text/html; name=a.html\nContent-Disposition: "
	    "inline; filename=a.html\n\n<b>html</b>\n--x--\n",
	    "html", "" },
	{ "unless it is said to be one",
	    "Content-Type: text/plain; name=a.txt\n"
	    "Content-Disposition: attachment\n\nhi\n",
	    "", "a.txt=txt " },
	{ "a mail in the mail is not opened",
	    MIXED
	    "--m\n\nhi\n--m\n"
	    "Content-Type: message/rfc822\n\nSubject: x\n\ninner\n--m--\n",
	    "hi", "=eml " },
	{ "the mail is the attachment",
	    "Content-Type: application/pdf; name=x.pdf\n\n" PDF, "",
	    "x.pdf=pdf " },
	{ "a boundary that never ends", MIXED "--m\n\nhi\n", "hi", "" },
	{ "a boundary that never begins", MIXED "hi\n", "", "" },
};

static void
parts_show_and_bring(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char brought[512] = "";

		mail_read(parts[i].mail);
		for (size_t k = 0; k < mail_facts->attachment_count; k++) {
			strcat(brought, mail_facts->attachments[k].name);
			strcat(brought, "=");
			strcat(brought, mail_facts->attachments[k].ending);
			strcat(brought, " ");
		}
		if (strcmp(mail_shown(), parts[i].shown) != 0)
			fail_msg("%s: shows \"%s\"", parts[i].name,
			    mail_shown());
		if (strcmp(brought, parts[i].attachments) != 0)
			fail_msg("%s: brings \"%s\"", parts[i].name, brought);
		mail_done();
	}
}

/* However its bytes come. */
static void
ending_of(const char *name, const unsigned char *data, size_t length, bool cut,
    char ending[ENDING_TEXT])
{
	struct sniff sniff;
	char other[ENDING_TEXT];

	usher_sniff_begin(&sniff, name);
	usher_sniff_feed(&sniff, data, length);
	usher_sniff_end(&sniff, cut, ending);
	for (size_t piece = 1; piece < 70; piece += 3) {
		usher_sniff_begin(&sniff, name);
		for (size_t at = 0; at < length; at += piece)
			usher_sniff_feed(&sniff, data + at,
			    length - at < piece ? length - at : piece);
		usher_sniff_end(&sniff, cut, other);
		assert_string_equal(other, ending);
	}
}

/* A zip of one stored file, an OLE file with one stream's name. */
static void
containers_are_looked_into(void **state)
{
	(void)state;
	static const char ole[] =
	    "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....P\0o\0w"
	    "\0e\0r\0P\0o\0i\0n\0t\0 \0D\0o\0c\0u\0m\0e\0n\0t\0";
	unsigned char zip[64] = "PK\3\4";
	char ending[ENDING_TEXT];

	memcpy(zip + 30, "ppt/slides", 10);
	ending_of("A.PPTX", zip, sizeof(zip), false, ending);
	assert_string_equal(ending, "pptx");
	ending_of("a.docx", zip, sizeof(zip), false, ending);
	assert_string_equal(ending, "");
	ending_of("a.zip", zip, sizeof(zip), false, ending);
	assert_string_equal(ending, "zip");
	ending_of("a.pdf", zip, sizeof(zip), false, ending);
	assert_string_equal(ending, "");
	ending_of("a.ppt", (const unsigned char *)ole, sizeof(ole), false,
	    ending);
	assert_string_equal(ending, "ppt");
	ending_of("a.doc", (const unsigned char *)ole, sizeof(ole), false,
	    ending);
	assert_string_equal(ending, "");
	/* A file whose end was not seen belies nothing by what is missing. */
	ending_of("a.xls", (const unsigned char *)ole, 12, true, ending);
	assert_string_equal(ending, "xls");
	ending_of("a.xls", (const unsigned char *)ole, 12, false, ending);
	assert_string_equal(ending, "");
	ending_of("a.pdf", NULL, 0, true, ending);
	assert_string_equal(ending, "pdf");
	/* Formats that nobody told us of are zips, too, but no programs. */
	ending_of("a.vsdx", zip, sizeof(zip), false, ending);
	assert_string_equal(ending, "vsdx");
	ending_of("a.vsdx", (const unsigned char *)"MZ..", 4, false, ending);
	assert_string_equal(ending, "");
	/* Nor does a zip that names nothing of another kind. */
	memcpy(zip + 30, "_rels/.rels", 11);
	ending_of("a.pptx", zip, sizeof(zip), false, ending);
	assert_string_equal(ending, "pptx");
	ending_of("a.pptx", zip, 20, false, ending);
	assert_string_equal(ending, "pptx");
	memcpy(zip + 30, "readme.txt\0", 11);
	ending_of("a.pptx", zip, sizeof(zip), false, ending);
	assert_string_equal(ending, "");
	ending_of("a.pptx", (const unsigned char *)"PK\5\6", 4, false, ending);
	assert_string_equal(ending, "");
	ending_of("a.averylongendingindeed", NULL, 0, false, ending);
	assert_string_equal(ending, "");
}

static void
links_are_hosts_without_repeats(void **state)
{
	(void)state;
	mail_read("Content-Type: text/html\n\n"
		  "<a href=\"HTTPS://Slides.Example.NET/a?b\">x</a>"
		  "<a href=http://slides.example.net:80>y</a>"
		  "<a href='mailto:a@c.example'>z</a>"
		  "<a style=display:none href=http://hidden.example>h</a>"
		  "<a href=http://u:p@d.example./x>d</a>"
		  "<img src=http://pixel.example/p.gif width=1 height=1>"
		  "<blockquote type=cite>http://old.example</blockquote>"
		  "<p>(See http://e.example/a.) and www.f.example");
	assert_int_equal(mail_facts->link_count, 3);
	assert_string_equal(mail_facts->links[0], "slides.example.net");
	assert_string_equal(mail_facts->links[1], "d.example");
	assert_string_equal(mail_facts->links[2], "e.example");
	assert_true(mail_message->content->pixel);
	mail_done();
}

static void
links_are_bounded(void **state)
{
	(void)state;
	struct buffer mail = { 0 };

	usher_buffer_puts(&mail, "\n");
	for (int i = 0; i < 500; i++)
		usher_buffer_printf(&mail, "http://h%d.example/\n", i);
	mail_read_bytes(mail.data, mail.length, NULL);
	assert_int_equal(mail_facts->link_count, MOST_LINKS);
	mail_done();
	usher_buffer_free(&mail);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_shown_text_is_what_a_reader_sees),
		cmocka_unit_test(words_are_those_shown),
		cmocka_unit_test(parts_show_and_bring),
		cmocka_unit_test(containers_are_looked_into),
		cmocka_unit_test(links_are_hosts_without_repeats),
		cmocka_unit_test(links_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
