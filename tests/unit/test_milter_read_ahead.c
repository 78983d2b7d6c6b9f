/*
 * Tests of milter/read_ahead.c and write_ahead.c: what libmilter calls by the
 * names of accept(), poll(), read(), writev() and close(). Whether bytes were
 * taken ahead is asked of the kernel: what it still has is seen by recv() with
 * MSG_PEEK.
 */
/* libmilter's calls carry no sizes to be checked: ours shall not either. */
#undef _FORTIFY_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

/* A connection as libmilter gets it, and the MTA's end. */
struct link {
	int listener, ours, theirs;
	struct sockaddr_un address;
};

static void
dial(struct link *link)
{
	link->theirs = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_true(link->theirs >= 0);
	assert_int_equal(connect(link->theirs,
			     (struct sockaddr *)&link->address,
			     sizeof link->address),
	    0);
	link->ours = accept(link->listener, NULL, NULL);
	assert_true(link->ours >= 0);
}

static int
set_up(void **state)
{
	static struct link link;

	link.address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	/* A name that is in no directory, and nobody else's. */
	(void)snprintf(link.address.sun_path + 1,
	    sizeof link.address.sun_path - 1, "usher-read-ahead-%ld",
	    (long)getpid());
	link.listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(link.listener, (struct sockaddr *)&link.address,
		sizeof link.address) != 0 ||
	    listen(link.listener, 5) != 0)
		return -1;
	dial(&link);
	*state = &link;
	return 0;
}

static int
tear_down(void **state)
{
	struct link *link = *state;

	(void)close(link->ours);
	(void)close(link->theirs);
	(void)close(link->listener);
	return 0;
}

static void
say(const struct link *link, const void *bytes, size_t length)
{
	assert_int_equal(send(link->theirs, bytes, length, 0), length);
}

static int
wait_for(int fd, int timeout_ms)
{
	struct pollfd one = { .fd = fd, .events = POLLIN | POLLPRI };
	int count = poll(&one, 1, timeout_ms);

	assert_int_equal(one.revents, count == 1 ? POLLIN : 0);
	return count;
}

static void
hear(int fd, const char *wanted)
{
	char bytes[64];
	size_t length = strlen(wanted);

	assert_int_equal(read(fd, bytes, length), length);
	assert_memory_equal(bytes, wanted, length);
}

static ssize_t
kernel_has(int fd)
{
	char bytes[64];

	return recv(fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
}

static void
test_takes_what_has_come_and_hands_it_out(void **state)
{
	struct link *link = *state;

	assert_int_equal(wait_for(link->ours, 0), 0);
	say(link, "one, two, three", 15);
	assert_int_equal(wait_for(link->ours, 60000), 1);
	hear(link->ours, "one, ");
	assert_int_equal(kernel_has(link->ours), -1);
	assert_int_equal(wait_for(link->ours, -1), 1);
	hear(link->ours, "two, ");
	hear(link->ours, "three");
	assert_int_equal(wait_for(link->ours, 0), 0);
	say(link, "four", 4);
	assert_int_equal(wait_for(link->ours, 60000), 1);
	hear(link->ours, "four");
}

static void
test_tells_an_end_once_all_was_read(void **state)
{
	struct link *link = *state;
	char byte;

	say(link, "last words", 10);
	assert_int_equal(shutdown(link->theirs, SHUT_WR), 0);
	assert_int_equal(wait_for(link->ours, 60000), 1);
	hear(link->ours, "last ");
	assert_int_equal(wait_for(link->ours, 60000), 1);
	hear(link->ours, "words");
	assert_int_equal(wait_for(link->ours, 60000), 1);
	assert_int_equal(read(link->ours, &byte, 1), 0);
}

/* A libmilter that waits by select() is not told of what memory holds. */
static void
test_leaves_alone_what_nobody_polls(void **state)
{
	struct link *link = *state;

	say(link, "one, two", 8);
	hear(link->ours, "one, ");
	assert_int_equal(kernel_has(link->ours), 3);
	hear(link->ours, "two");
}

static void
test_wakes_a_wait_for_many_by_what_is_held(void **state)
{
	struct link *link = *state;
	int ends[2];
	struct pollfd both[2];

	assert_int_equal(pipe(ends), 0);
	say(link, "one, two", 8);
	assert_int_equal(wait_for(link->ours, 60000), 1);
	hear(link->ours, "one, ");
	both[0] = (struct pollfd){ .fd = ends[0], .events = POLLIN };
	both[1] = (struct pollfd){ .fd = link->ours, .events = POLLIN };
	assert_int_equal(poll(both, 2, -1), 1);
	assert_int_equal(both[0].revents, 0);
	assert_int_equal(both[1].revents, POLLIN);
	/* What the other one has is told as well. */
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(poll(both, 2, -1), 2);
	hear(link->ours, "two");
	assert_int_equal(poll(both, 2, 60000), 1);
	assert_int_equal(both[0].revents, POLLIN);
	assert_int_equal(both[1].revents, 0);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void
test_forgets_what_was_held_at_the_end(void **state)
{
	struct link *link = *state;
	int before = link->ours;

	say(link, "one, two", 8);
	assert_int_equal(wait_for(link->ours, 60000), 1);
	hear(link->ours, "one, ");
	assert_int_equal(close(link->ours), 0);
	(void)close(link->theirs);
	dial(link);
	/* The lowest one that is free: the first was below. */
	assert_true(link->ours == before || link->theirs == before);
	assert_int_equal(wait_for(link->ours, 0), 0);
	say(link, "three", 5);
	assert_int_equal(wait_for(link->ours, 60000), 1);
	hear(link->ours, "three");
}

static void
test_reads_into_large_room_at_once(void **state)
{
	struct link *link = *state;
	static char sent[40000], got[sizeof sent];
	size_t have = 0;

	for (size_t i = 0; i < sizeof sent; i++)
		sent[i] = (char)('a' + i % 23);
	say(link, sent, sizeof sent);
	for (size_t room = 5; have < sizeof got; room = sizeof got - have) {
		ssize_t more;

		assert_int_equal(wait_for(link->ours, 60000), 1);
		more = read(link->ours, got + have, room);
		assert_true(more > 0);
		have += (size_t)more;
	}
	assert_memory_equal(got, sent, sizeof sent);
}

static void
test_leaves_other_descriptors_alone(void **state)
{
	int ends[2], left = 0;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "one, two", 8), 8);
	assert_int_equal(wait_for(ends[0], 60000), 1);
	hear(ends[0], "one, ");
	assert_int_equal(ioctl(ends[0], FIONREAD, &left), 0);
	assert_int_equal(left, 3);
	assert_int_equal(close(ends[0]), 0);
	assert_int_equal(close(ends[1]), 0);
	assert_int_equal(close(ends[1]), -1);
}

static void
test_reads_by_a_short_wait(void **state)
{
	struct link *link = *state;
	struct pollfd one = { .fd = link->ours, .events = POLLIN };
	char byte, sent[3000], got[sizeof sent];

	assert_int_equal(poll(&one, 1, 1), 0);
	assert_int_equal(one.revents, 0);
	memset(sent, 'x', sizeof sent);
	say(link, sent, sizeof sent);
	assert_int_equal(poll(&one, 1, 1), 1);
	assert_int_equal(one.revents, POLLIN);
	assert_int_equal(kernel_has(link->ours), -1);
	assert_int_equal(poll(&one, 1, 1), 1);
	assert_int_equal(read(link->ours, got, 5), 5);
	assert_int_equal(read(link->ours, got + 5, sizeof got - 5),
	    sizeof got - 5);
	assert_memory_equal(got, sent, sizeof sent);
	assert_int_equal(poll(&one, 1, 1), 0);
	assert_int_equal(shutdown(link->theirs, SHUT_WR), 0);
	assert_int_equal(poll(&one, 1, 1), 1);
	assert_int_equal(one.revents, POLLIN);
	assert_int_equal(read(link->ours, &byte, 1), 0);
}

/* A packet as libmilter writes it, in two parts; its letter says what it is. */
static void
write_packet(int fd, const char *letter, const char *text)
{
	char head[5] = { 0, 0, 0, (char)(strlen(text) + 1), *letter };
	char body[64];
	struct pollfd one = { .fd = fd, .events = POLLOUT };
	struct iovec parts[2] = {
		{ head, sizeof head },
		{ body, strlen(text) },
	};

	(void)snprintf(body, sizeof body, "%s", text);
	assert_int_equal(poll(&one, 1, 60000), 1);
	assert_int_equal(one.revents, POLLOUT);
	assert_int_equal(writev(fd, parts, 2), sizeof head + strlen(text));
}

static void
test_sends_edits_with_the_answer_behind_them(void **state)
{
	struct link *link = *state;
	char got[64];

	write_packet(link->ours, "c", "");
	assert_int_equal(recv(link->theirs, got, sizeof got, 0), 5);
	assert_int_equal(got[4], 'c');
	write_packet(link->ours, "h", "one");
	write_packet(link->ours, "+", "two");
	assert_int_equal(kernel_has(link->theirs), -1);
	write_packet(link->ours, "c", "");
	assert_int_equal(recv(link->theirs, got, sizeof got,
			     MSG_WAITALL | MSG_DONTWAIT),
	    21);
	assert_memory_equal(got, "\0\0\0\4hone\0\0\0\4+two\0\0\0\1c", 21);
}

static void
test_sends_edits_before_it_waits(void **state)
{
	struct link *link = *state;
	char got[64];

	(void)wait_for(link->ours, 0);
	write_packet(link->ours, "h", "one");
	assert_int_equal(kernel_has(link->theirs), -1);
	assert_int_equal(wait_for(link->ours, 0), 0);
	assert_int_equal(recv(link->theirs, got, sizeof got, 0), 8);
	assert_memory_equal(got, "\0\0\0\4hone", 8);
}

static void
test_loses_no_edit_of_many(void **state)
{
	struct link *link = *state;
	char packet[13];

	(void)wait_for(link->ours, 0);
	for (size_t i = 0; i < 100; i++)
		write_packet(link->ours, i % 3 ? "h" : "+", "edited!!");
	write_packet(link->ours, "a", "finally!");
	for (size_t i = 0; i <= 100; i++) {
		assert_int_equal(recv(link->theirs, packet, sizeof packet,
				     MSG_WAITALL),
		    sizeof packet);
		assert_int_equal(packet[4], i == 100 ? 'a' : i % 3 ? 'h' : '+');
	}
}

static void
test_waits_for_room(void **state)
{
	struct link *link = *state;
	struct pollfd one = { .fd = link->ours, .events = POLLOUT };
	static char large[1 << 20];
	struct iovec part = { large, sizeof large };
	ssize_t sent = 1;

	/* As much as the kernel takes, and then for so long and no longer. */
	while (sent > 0) {
		assert_int_equal(poll(&one, 1, 20), 1);
		sent = writev(link->ours, &part, 1);
	}
	assert_int_equal(sent, -1);
	assert_true(recv(link->theirs, large, sizeof large, 0) > 0);
	while (recv(link->theirs, large, sizeof large, MSG_DONTWAIT) > 0)
		continue;
	part.iov_len = 5;
	assert_int_equal(poll(&one, 1, 60000), 1);
	assert_int_equal(writev(link->ours, &part, 1), 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_takes_what_has_come_and_hands_it_out),
		TEST(test_tells_an_end_once_all_was_read),
		TEST(test_leaves_alone_what_nobody_polls),
		TEST(test_wakes_a_wait_for_many_by_what_is_held),
		TEST(test_forgets_what_was_held_at_the_end),
		TEST(test_reads_into_large_room_at_once),
		TEST(test_leaves_other_descriptors_alone),
		TEST(test_reads_by_a_short_wait),
		TEST(test_sends_edits_with_the_answer_behind_them),
		TEST(test_sends_edits_before_it_waits),
		TEST(test_loses_no_edit_of_many),
		TEST(test_waits_for_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
