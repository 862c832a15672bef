/* A list of prices. All its entries are allocated in one arena. */
#ifndef BELUGA__PRICE_H
#define BELUGA__PRICE_H

#include "base/arena.h"

#include <beluga/price.h>

typedef struct beluga__price_entry {
    struct beluga__price_entry *next;
    const char *name; /* "provider/model" as in the file */
    size_t length;    /* length of the name without the star at its end */
    bool open;        /* the name ends in a star */
    beluga_price price;
} beluga__price_entry;

struct beluga_prices {
    beluga__arena arena;
    beluga__price_entry *entries;
    const char *date;
};

#endif
