#include "retry_notes.h"

#include "commands/command.h"
#include "output.h"
#include "terminal/term.h"

#include <beluga/client.h>
#include <beluga/log.h>

#include <string.h>

typedef struct retry_wait {
    const char *message;
    int length;
    int64_t attempt, attempts, ms;
} retry_wait;

static void read_fields(retry_wait *wait, const beluga_log_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const beluga_log_field *f = &fields[i];
        if (strcmp(f->name, "message") == 0) {
            wait->message = f->text;
            wait->length = (int)f->length;
        } else if (strcmp(f->name, "attempt") == 0)
            wait->attempt = f->number;
        else if (strcmp(f->name, "attempts") == 0)
            wait->attempts = f->number;
        else if (strcmp(f->name, "wait_ms") == 0)
            wait->ms = f->number;
    }
}

static void on_record(void *payload, beluga_log_level level, const char *event,
                      const beluga_log_field *fields, size_t n)
{
    retry_wait wait = {.message = ""};
    (void)payload;
    (void)level;
    if (strcmp(event, "retry") != 0) return;
    read_fields(&wait, fields, n);
    out_note("%.*s; trying again in %.*f s (attempt %lld of %lld)", wait.length, wait.message,
             wait.ms < 950 ? 1 : 0, (double)wait.ms / 1000, (long long)wait.attempt + 1,
             (long long)wait.attempts);
    term_spinner_resume();
}

void retry_notes_start(const cli_args *args)
{
    /* A batch prints no notes, since its lines often wait, and its progress already shows this. */
    if (!term_is_err() || out_is_quiet() || args->command->draws_progress) return;
    beluga_client *client = beluga_client_default();
    if (client) beluga_client_set_log(client, on_record, NULL, BELUGA_LOG_INFO, false);
}
