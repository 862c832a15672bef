/* Writes the members of a part of a content, for every role. */
#include "providers/gemini/gemini.h"

#include <string.h>

static void put_media(beluga__gemini_encoder *e, const beluga_part *part)
{
    char media_type[128];
    const char *base64 =
        part->url ? beluga__data_url(part->url, media_type, sizeof media_type) : NULL;
    if (part->url && !base64) {
        if (strncmp(part->url, "data:", 5) == 0)
            beluga__encoder_fail(&e->base, BELUGA_ERROR_NOT_SUPPORTED,
                                 "gemini takes data: URLs in base64 only");
        beluga_json_begin_object(e->w, "fileData");
        if (part->media_type) beluga_json_put_string(e->w, "mimeType", part->media_type);
        beluga_json_put_string(e->w, "fileUri", part->url);
        beluga_json_end_object(e->w);
        return;
    }
    beluga_json_begin_object(e->w, "inlineData");
    beluga_json_put_string(e->w, "mimeType", base64 ? media_type : part->media_type);
    if (base64)
        beluga_json_put_string(e->w, "data", base64);
    else
        beluga_json_put_base64(e->w, "data", "", part->data, part->data_length);
    beluga_json_end_object(e->w);
}

/* Write the id of a tool call. An id that the library made up is left out, since the API does not
 * know it. */
void beluga__gemini_put_id(beluga__gemini_encoder *e, const char *id)
{
    if (!*id || strncmp(id, BELUGA__GEMINI_MADE_UP_ID, strlen(BELUGA__GEMINI_MADE_UP_ID)) == 0)
        return;
    beluga_json_put_string(e->w, "id", id);
}

static void put_function_call(beluga__gemini_encoder *e, const beluga_part *part)
{
    beluga_json_begin_object(e->w, "functionCall");
    beluga__gemini_put_id(e, part->id);
    beluga_json_put_string(e->w, "name", part->name);
    if (beluga__put_object_arguments(e->w, "args", part, &e->wrapped))
        beluga__encoder_fail(&e->base, BELUGA_ERROR_NO_MEMORY, "no memory for a tool call");
    beluga_json_end_object(e->w);
}

void beluga__gemini_put_members(beluga__gemini_encoder *e, const beluga_part *part,
                                beluga_role role)
{
    if (beluga__refuse_role(&e->base, part, role)) return;
    switch (part->kind) {
    case BELUGA_PART_TEXT:
    case BELUGA_PART_REASONING:
        beluga_json_put_string_n(e->w, "text", part->text, part->text_length);
        break;
    case BELUGA_PART_TOOL_CALL: put_function_call(e, part); break;
    case BELUGA_PART_STATE:
        beluga__encoder_fail(&e->base, BELUGA_ERROR_NOT_SUPPORTED,
                             "gemini does not accept this kind of part in a message of this role");
        break;
    default: put_media(e, part);
    }
}

void beluga__gemini_put_part(beluga__gemini_encoder *e, const beluga_part *part)
{
    beluga_json_begin_object(e->w, NULL);
    beluga__gemini_put_members(e, part, BELUGA_ROLE_HUMAN);
    beluga_json_end_object(e->w);
}
