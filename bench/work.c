#include "work.h"

#include <string.h>

static const work *const all[] = {
    &work_generate,   &work_generate_observed, &work_stream_chat,
    &work_bind_tools, &work_stream_event,      &work_parse_event,
};

const work *work_at(size_t index)
{
    return index < sizeof all / sizeof *all ? all[index] : NULL;
}

const work *work_find(const char *name)
{
    for (size_t i = 0; work_at(i); i++)
        if (strcmp(all[i]->name, name) == 0) return all[i];
    return NULL;
}
