/* list: a doubly linked list whose links live inside the elements.
 *
 * Layout:      a circle through a head that is no element; an empty head, and a link
 *              in no list, point to themselves.
 * Cost:        add, del and take are O(1); nothing is allocated.
 * Owner:       the elements' owner; the list owns nothing.
 */
#ifndef HANSOM_BASE_LIST_H
#define HANSOM_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next;
    struct list *prev;
};

/* The element of `type` whose `field` is the link at `link`. */
#define list_entry(link, type, field) ((type *)(void *)((char *)(link)-offsetof(type, field)))

#define list_each(at, head)           for (struct list *at = (head)->next; at != (head); at = at->next)

/* As list_each, when the body may delete `at`. */
#define list_each_safe(at, head)                                                                   \
    for (struct list *at = (head)->next, *at##_next = at->next; at != (head);                      \
         at = at##_next, at##_next = at->next)

static inline void list_init(struct list *l)
{
    l->next = l;
    l->prev = l;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

/* Puts link in front of `before`; with the head that means at the end. */
static inline void list_add(struct list *before, struct list *link)
{
    link->prev = before->prev;
    link->next = before;
    before->prev->next = link;
    before->prev = link;
}

/* Removes link from its list; a link in no list is left as it is. */
static inline void list_del(struct list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    list_init(link);
}

/* Moves the links from `first` to `last`, which are of one list, to in front of `before`. */
static inline void list_splice(struct list *before, struct list *first, struct list *last)
{
    first->prev->next = last->next;
    last->next->prev = first->prev;
    first->prev = before->prev;
    last->next = before;
    before->prev->next = first;
    before->prev = last;
}

/* The first link, removed; NULL when empty. */
static inline struct list *list_take(struct list *head)
{
    if (list_empty(head)) return NULL;
    struct list *first = head->next;
    list_del(first);
    return first;
}

#endif
