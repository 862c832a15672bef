/* A doubly linked list. Its nodes are members of structs, and its head is a node of its own. */
#ifndef BELUGA__LIST_H
#define BELUGA__LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct beluga__list {
    struct beluga__list *prev, *next;
} beluga__list;

#define beluga__container_of(pointer, type, member) \
    ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

static inline void beluga__list_init(beluga__list *node)
{
    node->prev = node->next = node;
}

static inline bool beluga__list_empty(const beluga__list *head)
{
    return head->next == head;
}

static inline void beluga__list_append(beluga__list *head, beluga__list *node)
{
    node->prev = head->prev;
    node->next = head;
    head->prev->next = node;
    head->prev = node;
}

/* Unlink a node; unlinking it twice does nothing. */
static inline void beluga__list_remove(beluga__list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    beluga__list_init(node);
}

#endif
