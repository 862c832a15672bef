#include "cassette.h"

#include "base/new_file.h"
#include "exit.h"
#include "output.h"
#include "report.h"

#include <beluga/cassette.h>
#include <beluga/client.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The folder for recordings, or NULL; borrowed from the arguments. */
static const char *recording;

int cassette_start(const cli_args *args)
{
    const char *directory = args->record ? args->record : args->replay;
    beluga_error err;
    if (args->record && args->replay) return out_usage("give --record or --replay, not both");
    if (args->realtime && !args->replay) return out_usage("--realtime is for --replay DIR");
    if (!directory) return 0;
    if (!*directory)
        return out_usage("--%s needs the name of a folder", args->record ? "record" : "replay");
    const beluga_cassette cassette = {
        .size = sizeof cassette,
        .directory = directory,
        .mode = args->record ? BELUGA_CASSETTE_RECORD : BELUGA_CASSETTE_REPLAY,
        .realtime = args->realtime,
    };
    beluga_client *client = beluga_client_default();
    if (!client) return out_no_memory();
    if (beluga_client_set_cassette(client, &cassette, &err) == 0) {
        recording = args->record;
        return 0;
    }
    return err.code == BELUGA_ERROR_NOT_FOUND ? report_file_error(args, &err, CLI_EXIT_USAGE)
                                              : report_error(args, &err, NULL);
}

/* ---- the model that was asked ---------------------------------------------------------------- */

/* The name of the file, beside the recordings, that contains the model's name. */
#define MODEL_FILE      "model"
#define MAX_MODEL_BYTES 512

static char *model_path(const char *directory)
{
    char *path = NULL;
    return asprintf(&path, "%s/" MODEL_FILE, directory) < 0 ? NULL : path;
}

void cassette_remember_model(const char *reference)
{
    beluga__new_file file;
    char *path = recording ? model_path(recording) : NULL;
    /* A failure to write this file is ignored here: without the file, a replay must name the model.
     * Other failures to record are reported at the end of the command. */
    if (path && beluga__new_file_begin(&file, path, false) == 0) {
        if (beluga__file_write(file.fd, reference, strlen(reference)) == 0 &&
            beluga__file_write(file.fd, "\n", 1) == 0)
            beluga__new_file_replace(&file);
        beluga__new_file_end(&file);
    }
    free(path);
}

char *cassette_recall_model(const cli_args *args)
{
    char line[MAX_MODEL_BYTES] = "";
    char *path = args->replay ? model_path(args->replay) : NULL;
    int fd = path ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
    ssize_t n = fd < 0 ? 0 : read(fd, line, sizeof line - 1);
    line[n > 0 ? n : 0] = '\0';
    if (fd >= 0) close(fd);
    free(path);
    line[strcspn(line, "\r\n")] = '\0';
    return *line ? strdup(line) : NULL;
}

/* ---- the end --------------------------------------------------------------------------------- */

int cassette_finish(const cli_args *args, int code)
{
    char line[1024];
    beluga_error err;
    if (!args->record || beluga_client_check_cassette(beluga_client_default(), &err) == 0)
        return code;
    beluga_error_format(&err, line, sizeof line);
    out_error("%s: %s", args->record, line);
    return code ? code : CLI_EXIT_OTHER;
}
