/* Buffers that a loop takes back from finished calls and lends to later calls. */
#include "../support/calls.h"
#include "base/limits.h"
#include "loop/rooms.h"

#define KIND BELUGA__ROOM_REQUEST

static void fill(beluga_loop *loop, beluga__buf *buf, size_t n)
{
    beluga__buf_init(buf, &loop->runtime->allocator, SIZE_MAX / 2);
    assert_int_equal(beluga__buf_reserve(buf, n), 0);
}

static void a_room_is_kept_for_the_next_buffer_of_its_kind(void **state)
{
    (void)state;
    beluga_loop *loop = new_loop();
    beluga__buf one, next;
    fill(loop, &one, 1000);
    const char *room = one.data;
    beluga__buf_puts(&one, "a prompt");
    beluga__room_keep(loop, KIND, &one);
    assert_int_equal(one.capacity, 0);
    beluga__buf_init(&next, &loop->runtime->allocator, SIZE_MAX / 2);
    beluga__room_lend(loop, BELUGA__ROOM_HEADERS, &next);
    assert_int_equal(next.capacity, 0);
    beluga__room_lend(loop, KIND, &next);
    assert_ptr_equal(next.data, room);
    assert_string_equal(next.data, "");
    beluga__buf_free(&next);
    beluga_loop_free(loop);
}

static void a_larger_room_takes_the_place_of_a_smaller_one_alone(void **state)
{
    (void)state;
    static const size_t sizes[] = {500, 5000, 1000};
    beluga_loop *loop = new_loop();
    beluga__buf bufs[3], next;
    for (size_t i = 0; i < 3; i++) fill(loop, &bufs[i], sizes[i]);
    const char *largest = bufs[1].data;
    for (size_t i = 0; i < 3; i++) beluga__room_keep(loop, KIND, &bufs[i]);
    beluga__buf_init(&next, &loop->runtime->allocator, SIZE_MAX / 2);
    beluga__room_lend(loop, KIND, &next);
    assert_ptr_equal(next.data, largest);
    beluga__room_keep(loop, KIND, &next);
    beluga_loop_free(loop);
}

static void a_room_that_is_too_large_is_not_kept(void **state)
{
    (void)state;
    beluga_loop *loop = new_loop();
    beluga__buf buf;
    fill(loop, &buf, BELUGA__MAX_KEPT_BYTES + 1);
    beluga__room_keep(loop, KIND, &buf);
    assert_null(loop->rooms[KIND].data);
    beluga_loop_free(loop);
}

static void a_buffer_with_a_smaller_maximum_gets_no_room(void **state)
{
    (void)state;
    beluga_loop *loop = new_loop();
    beluga__buf buf;
    fill(loop, &buf, 1000);
    beluga__room_keep(loop, KIND, &buf);
    beluga__buf_init(&buf, &loop->runtime->allocator, 100);
    beluga__room_lend(loop, KIND, &buf);
    assert_int_equal(buf.capacity, 0);
    assert_int_equal(beluga__buf_reserve(&buf, 101), BELUGA_ERROR_LIMIT_EXCEEDED);
    beluga_loop_free(loop);
}

static void a_room_of_another_allocator_is_not_kept(void **state)
{
    (void)state;
    beluga_loop *loop = new_loop();
    beluga_allocator other = loop->runtime->allocator;
    beluga__buf buf;
    beluga__buf_init(&buf, &other, 100);
    beluga__buf_puts(&buf, "a token");
    beluga__room_keep(loop, KIND, &buf);
    assert_null(loop->rooms[KIND].data);
    assert_int_equal(buf.capacity, 0);
    beluga_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_room_is_kept_for_the_next_buffer_of_its_kind),
        cmocka_unit_test(a_larger_room_takes_the_place_of_a_smaller_one_alone),
        cmocka_unit_test(a_room_that_is_too_large_is_not_kept),
        cmocka_unit_test(a_buffer_with_a_smaller_maximum_gets_no_room),
        cmocka_unit_test(a_room_of_another_allocator_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
