/* Sections that the library keeps for the host program, and functions that find the positions of
 * values in them. */
#include "base/text.h"
#include "config/config.h"

#include <string.h>

static const beluga__config_kept *find(const beluga_config *config, const char *name, size_t index,
                                       const beluga__config_file **file)
{
    if (!config || !name) return NULL;
    for (size_t i = 0; i < config->n_files; i++) {
        *file = config->files[i];
        for (const beluga__config_kept *kept = (*file)->kept; kept; kept = kept->next)
            if (strcmp(kept->name, name) == 0 && index-- == 0) return kept;
    }
    return NULL;
}

bool beluga_config_section(const beluga_config *config, const char *name, size_t index,
                           const char **json, size_t *length)
{
    const beluga__config_file *file;
    const beluga__config_kept *kept = find(config, name, index, &file);
    if (!kept) return false;
    *json = kept->json;
    if (length) *length = kept->length;
    return true;
}

/* Returns whether the first step of a pointer, which has n bytes, is this name. */
static bool is_step(const char *step, size_t n, const char *name, size_t length)
{
    size_t at = 0, i = 0;
    for (; i < n && at < length; i++, at++) {
        char c = step[i];
        if (c == '~' && i + 1 < n) c = step[++i] == '1' ? '/' : '~';
        if (c != name[at]) return false;
    }
    return i == n && at == length;
}

/* Returns the member or item with this name; NULL if there is none. */
static const beluga__yaml_node *take_step(const beluga__yaml_node *node, const char *step, size_t n,
                                          const beluga__yaml_node **name)
{
    void *at = NULL;
    beluga__yaml_node *key, *value;
    int64_t index = 0, wanted;
    size_t length;
    *name = NULL;
    if (beluga__yaml_kind_of(node) == BELUGA__YAML_MAP)
        while (beluga__yaml_next_pair(node, &at, &key, &value)) {
            const char *text = key ? beluga__yaml_text(key, &length) : NULL;
            if (!text || !is_step(step, n, text, length)) continue;
            *name = key;
            return value;
        }
    if (beluga__yaml_kind_of(node) == BELUGA__YAML_LIST && beluga__text_to_int(step, n, &wanted))
        while (beluga__yaml_next_item(node, &at, &value))
            if (index++ == wanted) return value;
    return NULL;
}

beluga__yaml_place beluga__config_find_place(const beluga__config_kept *kept, const char *pointer,
                                             bool of_name)
{
    beluga__yaml_place place = {kept->line, kept->column};
    const beluga__yaml_node *node = kept->node, *name;
    while (node && *pointer == '/') {
        size_t n = strcspn(++pointer, "/");
        node = take_step(node, pointer, n, &name);
        beluga__yaml_place_of(name, &place);
        pointer += n;
        if (!of_name || *pointer || !name) beluga__yaml_place_of(node, &place);
    }
    return place;
}

bool beluga_config_section_place(const beluga_config *config, const char *name, size_t index,
                                 const char *pointer, bool of_name, const char **path, int *line,
                                 int *column)
{
    const beluga__config_file *file;
    const beluga__config_kept *kept = pointer ? find(config, name, index, &file) : NULL;
    if (!kept) return false;
    beluga__yaml_place place = beluga__config_find_place(kept, pointer, of_name);
    *path = file->path;
    *line = place.line;
    *column = place.column;
    return true;
}
