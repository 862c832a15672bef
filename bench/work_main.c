/* bench-work NAME COUNT, bench-event NAME COUNT: does a piece of work COUNT times, and prints its
 * average time, "ns". With -m before the name it counts memory, and prints "bytes allocations".
 *
 * Under callgrind the difference between two runs with different counts gives the instructions for
 * one piece of work. Memory is not counted there, since counting takes instructions. */
#include "memory.h"
#include "support.h"
#include "work.h"

#include <stdio.h>
#include <string.h>

enum { WARM_UP = 8 };

static int usage(void)
{
    fputs("usage: [-m] NAME COUNT, where NAME is one of\n", stderr);
    for (const work *w = works; w->name; w++) fprintf(stderr, "  %s\n", w->name);
    return 2;
}

static void print_time(const work *w, void *fixture, size_t count)
{
    int64_t start = cpu_ns();
    w->run(fixture, count);
    printf("%.1f\n", (double)(cpu_ns() - start) / (double)count);
}

static void print_memory(const work *w, void *fixture, size_t count)
{
    memory_count before = memory_counted(), after;
    w->run(fixture, count);
    after = memory_counted();
    printf("%.2f %.3f\n", (double)(after.bytes - before.bytes) / (double)count,
           (double)(after.allocations - before.allocations) / (double)count);
}

int main(int argc, char **argv)
{
    bool memory = argc > 1 && strcmp(argv[1], "-m") == 0;
    if (argc != 3 + memory) return usage();
    const work *w = work_find(argv[1 + memory]);
    if (!w) return usage();
    if (memory) beluga_allocator_set_default(&memory_counting);
    size_t count = number_of(argv[2 + memory]);
    void *fixture = w->open();
    w->run(fixture, WARM_UP);
    (memory ? print_memory : print_time)(w, fixture, count);
    w->close(fixture);
    return 0;
}
