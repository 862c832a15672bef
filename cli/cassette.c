#include "cassette.h"

#include <beluga/cassette.h>
#include <beluga/client.h>

#include "exit.h"
#include "output.h"
#include "report.h"

int cassette_start(const struct args *args)
{
    const char *directory = args->record ? args->record : args->replay;
    beluga_error err;
    if (args->record && args->replay) return out_usage("give --record or --replay, not both");
    if (args->realtime && !args->replay) return out_usage("--realtime is for --replay DIR");
    if (!directory) return 0;
    if (!*directory)
        return out_usage("--%s needs the name of a directory", args->record ? "record" : "replay");
    const beluga_cassette cassette = {
        .size = sizeof cassette,
        .directory = directory,
        .mode = args->record ? BELUGA_CASSETTE_RECORD : BELUGA_CASSETTE_REPLAY,
        .realtime = args->realtime,
    };
    beluga_client *client = beluga_client_default();
    if (!client) return out_no_memory();
    if (beluga_client_set_cassette(client, &cassette, &err) == 0) return 0;
    return report_error(args, &err, NULL);
}

int cassette_finish(const struct args *args, int code)
{
    char line[1024];
    beluga_error err;
    if (!args->record || beluga_client_check_cassette(beluga_client_default(), &err) == 0)
        return code;
    beluga_error_format(&err, line, sizeof line);
    out_error("%s: %s", args->record, line);
    return code ? code : CLI_EXIT_OTHER;
}
