#include "attach_part.h"

#include "base/file.h"
#include "base/limits.h"
#include "context/quote.h"
#include "text.h"

#include <beluga/allocator.h>
#include <beluga/provider/provider.h>

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* ---- addresses ------------------------------------------------------------------------------- */

static bool is_url(const char *text)
{
    return strncasecmp(text, "https://", 8) == 0 || strncasecmp(text, "http://", 7) == 0 ||
           strncasecmp(text, "data:", 5) == 0;
}

/* Find the kind of an attachment by its address. If the name shows no type, it counts as a picture,
 * since models usually fetch pictures. */
static beluga_part_kind kind_of_url(const char *url)
{
    static const struct {
        const char *sign;
        beluga_part_kind kind;
    } signs[] = {{".pdf", BELUGA_PART_FILE},       {"data:application/", BELUGA_PART_FILE},
                 {"data:text/", BELUGA_PART_FILE}, {"data:audio/", BELUGA_PART_AUDIO},
                 {".mp3", BELUGA_PART_AUDIO},      {".wav", BELUGA_PART_AUDIO}};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (strcasestr(url, signs[i].sign)) return signs[i].kind;
    return BELUGA_PART_IMAGE;
}

/* ---- files ----------------------------------------------------------------------------------- */

static int refuse(beluga_error *err, const char *path, const char *why)
{
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "%s: %s", path, why);
}

/* Read a file. Pipes are read, too, since the shell passes <(COMMAND) as a pipe. */
static int read_file(const char *path, beluga__buf *file, beluga_error *err)
{
    struct stat info;
    bool there = stat(path, &info) == 0;
    if (there && S_ISDIR(info.st_mode))
        return refuse(err, path, "it is a folder; use -f to send the text files in a folder");
    if (there && (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)))
        return refuse(err, path, "it is a device, not a file");
    return beluga__file_read(path, file, err);
}

/* Add a part. A text is sent with its name, so that the model can distinguish several files. */
static int add_part(beluga_message *message, const beluga_part *part, const char *name)
{
    cli_text text = {0};
    if (part->kind != BELUGA_PART_TEXT)
        return beluga_message_add_data(message, (beluga_part_kind)part->kind, part->media_type,
                                       part->data, part->data_length, part->name);
    if (beluga_message_count(message)) text_puts(&text, "\n\n");
    int rc = quote_file(&text, name, part->text, part->text_length);
    if (rc == 0) rc = beluga_message_add_text(message, text.data, text.length);
    text_free(&text);
    return rc;
}

int attach_content(beluga_message *message, const char *name, const beluga__buf *file,
                   beluga_error *err)
{
    beluga_message *typed = beluga_message_new(BELUGA_ROLE_HUMAN);
    if (!file->length) {
        beluga_message_unref(typed);
        return refuse(err, name, "it is empty, so nothing was sent");
    }
    int rc = typed ? beluga_message_add_content(typed, name, file->data, file->length, err)
                   : BELUGA_ERROR_NO_MEMORY;
    if (rc == 0) rc = add_part(message, beluga_message_part(typed, 0), name);
    beluga_message_unref(typed);
    return rc;
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    while (strncmp(path, "./", 2) == 0) path += 2;
    return *path == '/' ? slash + 1 : path;
}

static int add_file(beluga_message *message, const char *path, beluga_error *err)
{
    beluga__buf file;
    beluga__buf_init(&file, beluga_allocator_default(), BELUGA__MAX_PART_BYTES);
    int rc = read_file(path, &file, err);
    if (rc == 0) rc = attach_content(message, name_of(path), &file, err);
    beluga__buf_free(&file);
    return rc;
}

int attach_one(beluga_message *message, const char *what, beluga_error *err)
{
    beluga_error_set(err, 0, "%s", "");
    int rc = is_url(what) ? beluga_message_add_url(message, kind_of_url(what), what, NULL)
                          : add_file(message, what, err);
    if (rc && !err->code) beluga_error_set(err, rc, "%.80s: %s", what, beluga_error_text(rc));
    return rc;
}

/* ---- what a provider accepts ----------------------------------------------------------------- */

static const struct {
    uint32_t kind;
    uint64_t capability;
    const char *what;
} wants[] = {{BELUGA_PART_IMAGE, BELUGA_CAPABILITY_IMAGES, "pictures"},
             {BELUGA_PART_AUDIO, BELUGA_CAPABILITY_AUDIO, "sound"},
             {BELUGA_PART_FILE, BELUGA_CAPABILITY_FILES, "files other than text"}};

const char *attach_find_untaken(const beluga_message *message, uint64_t capabilities,
                                const char **name)
{
    for (size_t i = 0, n = beluga_message_count(message); i < n; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        *name = part->name ? part->name : part->url;
        for (size_t k = 0; k < sizeof wants / sizeof *wants; k++)
            if (part->kind == wants[k].kind && !(capabilities & wants[k].capability))
                return wants[k].what;
    }
    return NULL;
}
