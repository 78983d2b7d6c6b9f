/*
 * resident: memory that the start alone needed, given back.
 *
 * Every library is linked and initialises itself at the start, also those of
 * which this program, or another library, takes a function or none: that looks
 * at two megabytes of files which nobody looks at again, and which count as
 * this process's for good. A page that is looked at after all comes back from
 * the kernel's memory of the file. Called by main.c once all is read.
 *
 * What threads hold on to is kept small here, too, before there are any.
 */
#include <link.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define GLIB_DISABLE_DEPRECATION_WARNINGS
#include <glib.h>

#include "resident.h"

/*
 * GLib before 2.76 keeps memory of its own for every thread, which the
 * hundred threads of libmilter hold beside what malloc() keeps for them. It
 * can be told otherwise before its first use alone, and that is when it is
 * initialised; only what stands here comes before. A later one has no such
 * memory, and its function does nothing.
 */
static void
without_slices(void)
{
	g_slice_set_config(G_SLICE_CONFIG_ALWAYS_MALLOC, TRUE);
}

static void (*const before_libraries)(void)
    __attribute__((section(".preinit_array"), used)) = without_slices;

/* Whether the linker wrote into what is read and executed, too. */
static bool
is_edited(const struct dl_phdr_info *object)
{
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &object->dlpi_phdr[i];
		uintptr_t at = object->dlpi_addr + part->p_vaddr;
		const ElfW(Dyn) *entry = (const void *)at;

		if (part->p_type != PT_DYNAMIC)
			continue;
		for (; entry->d_tag != DT_NULL; entry++)
			if (entry->d_tag == DT_TEXTREL ||
			    (entry->d_tag == DT_FLAGS &&
				(entry->d_un.d_val & DF_TEXTREL) != 0))
				return true;
	}
	return false;
}

static int
give_back(struct dl_phdr_info *object, size_t size, void *page)
{
	uintptr_t mask = *(const uintptr_t *)page - 1;

	(void)size;
	/* The kernel's own part has a name without a path. */
	if ((object->dlpi_name[0] != '\0' &&
		strchr(object->dlpi_name, '/') == NULL) ||
	    is_edited(object))
		return 0;
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &object->dlpi_phdr[i];
		uintptr_t at = object->dlpi_addr + part->p_vaddr;
		uintptr_t end = (at + part->p_memsz) & ~mask;

		at = (at + mask) & ~mask;
		if (part->p_type == PT_LOAD && (part->p_flags & PF_W) == 0 &&
		    end > at)
			(void)madvise((void *)at, end - at, MADV_DONTNEED);
	}
	return 0;
}

/*
 * What is read at first use, of tables and of libraries that initialise
 * themselves then, is read for this, so that it is given back as well; and the
 * first mail needs not wait for it.
 */
static const char first_mail[] =
    "From: \"Example, Ann\" <ann@mail.example.com>\r\n"
    "To: Bob <bob@example.com>\r\n"
    "Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?= and more\r\n"
    "Date: Mon, 02 Jan 2023 12:00:00 +0000\r\n"
    "Content-Type: multipart/mixed; boundary=\"part\"\r\n"
    "\r\n--part\r\n"
    "Content-Type: text/html; charset=utf-8\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n"
    "\r\n<p>A first gr=C3=BCn text, at 12:00.</p>\r\n--part\r\n"
    "Content-Type: application/pdf; name=a.pdf\r\n"
    "Content-Disposition: attachment; filename=a.pdf\r\n"
    "Content-Transfer-Encoding: base64\r\n"
    "\r\nJVBERi0xLjQK\r\n--part--\r\n";

static void
rehearse(struct usher_conf *conf)
{
	struct usher_message *message = NULL;
	struct usher_facts *facts = NULL;

	if (usher_message_new(conf, &message) == 0 &&
	    usher_message_read(message, first_mail, sizeof first_mail - 1) ==
		0 &&
	    usher_facts_new(conf, USHER_EMAIL, &facts) == 0)
		(void)usher_message_facts(message, NULL, USHER_ALL, facts,
		    NULL);
	usher_facts_free(facts);
	usher_message_free(message);
}

void
resident_started(struct usher_conf *conf)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	rehearse(conf);
	/* Reading took more than is kept, in pieces between what is. */
	(void)malloc_trim(0);
	(void)dl_iterate_phdr(give_back, &page);
}
