#include "question.h"

#include "attach.h"
#include "context/context.h"
#include "output.h"

static int add_text(beluga_message *message, const cli_text *text)
{
    if (!text->length) return 0;
    return beluga_message_add_text(message, text->data, text->length) ? out_no_memory() : 0;
}

int question_make(const cli_args *args, const cli_text *prompt, beluga_message **out)
{
    cli_text context = {0};
    beluga_message *message = beluga_message_new(BELUGA_ROLE_HUMAN);
    if (!message) return out_no_memory();
    int rc = context_read(args, &context);
    if (rc == 0) rc = add_text(message, &context);
    if (rc == 0) rc = add_text(message, prompt);
    if (rc == 0) rc = attach_add(args, message);
    if (rc == 0)
        *out = message;
    else
        beluga_message_unref(message);
    text_free(&context);
    return rc;
}
