#include "base/secret_memory.h"

#include "base/fork_lock.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

/* Small pieces share a page with pieces of the same size, which is a power of two. A larger piece
 * has pages of its own. Either way the page's header is found from the piece's address. */
enum { PAGE = 4096, HEADER = 64, SMALLEST = 64, LARGEST = 1024, SIZES = 5 };

typedef struct piece {
    struct piece *next;
} piece;

typedef struct page {
    /* links in the list of pages that have free pieces of this size */
    struct page *next, *before;
    piece *room;
    size_t bytes;   /* bytes of the mapping */
    uint32_t piece; /* bytes of each piece; 0: the page holds one large piece */
    uint32_t used;  /* pieces in use */
    bool listed;
    unsigned world; /* the number of the lists to which the page belongs; see lock_pages */
} page;

_Static_assert(sizeof(page) <= HEADER, "a header has its place");

static struct {
    beluga__fork_lock lock;
    page *lists[SIZES];
    unsigned world;
} pages = {.lock = {.mutex = PTHREAD_MUTEX_INITIALIZER}};

/* Take the lock. In a child that was forked while a list was being changed, the lists may be
 * broken: the child starts with new, empty lists, which get the next number `world`. Pages of the
 * old lists are not used again. */
static void lock_pages(void)
{
    if (!beluga__fork_lock_take(&pages.lock) || !pages.lock.was_held) return;
    memset(pages.lists, 0, sizeof pages.lists);
    pages.world++;
}

static size_t rounded(size_t size, size_t unit)
{
    return (size + unit - 1) & ~(unit - 1);
}

static page *map_page(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return NULL;
    madvise(at, bytes, MADV_DONTDUMP); /* on failure nothing else can be done */
    page *p = at;
    p->bytes = bytes;
    return p;
}

static int index_of(size_t size)
{
    int i = 0;
    for (size_t bytes = SMALLEST; bytes < size; bytes *= 2) i++;
    return i;
}

/* ---- a page of small pieces; the caller holds the lock */

static void list_page(page *p)
{
    page **list = &pages.lists[index_of(p->piece)];
    p->before = NULL;
    p->next = *list;
    if (*list) (*list)->before = p;
    *list = p;
    p->listed = true;
}

static void unlist_page(page *p)
{
    if (p->next) p->next->before = p->before;
    if (p->before)
        p->before->next = p->next;
    else
        pages.lists[index_of(p->piece)] = p->next;
    p->listed = false;
}

static page *new_page(int index)
{
    page *p = map_page(PAGE);
    if (!p) return NULL;
    p->piece = (uint32_t)SMALLEST << index;
    p->world = pages.world;
    for (size_t at = HEADER; at + p->piece <= PAGE; at += p->piece) {
        piece *free_piece = (piece *)((char *)p + at);
        free_piece->next = p->room;
        p->room = free_piece;
    }
    list_page(p);
    return p;
}

static void *take_piece(page *p)
{
    piece *taken = p->room;
    p->room = taken->next;
    p->used++;
    if (!p->room) unlist_page(p);
    return taken;
}

static void give_piece(page *p, void *pointer)
{
    piece *given = pointer;
    /* a page of lists that a fork made invalid: the piece was wiped, and stays unused */
    if (p->world != pages.world) return;
    given->next = p->room;
    p->room = given;
    p->used--;
    if (!p->listed) list_page(p);
    if (p->used || !(p->next || p->before)) return; /* the last page of each size is kept */
    unlist_page(p);
    munmap(p, p->bytes);
}

/* ---- the allocator --------------------------------------------------------------------------- */

static page *page_of(void *pointer)
{
    return (page *)((uintptr_t)pointer & ~(uintptr_t)(PAGE - 1));
}

static size_t room_in(const page *p)
{
    return p->piece ? p->piece : p->bytes - HEADER;
}

static void *secret_alloc(void *payload, size_t size)
{
    (void)payload;
    if (size > LARGEST) {
        page *p = size < SIZE_MAX / 2 ? map_page(rounded(size + HEADER, PAGE)) : NULL;
        return p ? (char *)p + HEADER : NULL;
    }
    int index = index_of(size);
    lock_pages();
    page *p = pages.lists[index] ? pages.lists[index] : new_page(index);
    void *taken = p ? take_piece(p) : NULL;
    beluga__fork_lock_release(&pages.lock);
    return taken;
}

static void secret_release(void *payload, void *pointer)
{
    (void)payload;
    if (!pointer) return;
    page *p = page_of(pointer);
    if (!p->piece) {
        size_t bytes = p->bytes;
        explicit_bzero(p, bytes);
        munmap(p, bytes);
        return;
    }
    explicit_bzero(pointer, p->piece);
    lock_pages();
    give_piece(p, pointer);
    beluga__fork_lock_release(&pages.lock);
}

static void *secret_resize(void *payload, void *pointer, size_t old_size, size_t size)
{
    if (pointer && size <= room_in(page_of(pointer))) return pointer;
    void *moved = secret_alloc(payload, size);
    if (!moved) return NULL;
    if (pointer) memcpy(moved, pointer, old_size < size ? old_size : size);
    secret_release(payload, pointer);
    return moved;
}

static const beluga_allocator in_pages = {secret_alloc, secret_resize, secret_release, NULL};
static const beluga_allocator *in_use = &in_pages;

const beluga_allocator *beluga__secret_allocator(void)
{
    return in_use;
}

void beluga__secret_allocator_set(const beluga_allocator *other)
{
    in_use = other ? other : &in_pages;
}
