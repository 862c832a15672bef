/* Replaces the server in a build without llhttp: the command prints what is missing. */
#include "exit.h"
#include "output.h"
#include "serve/run.h"

int serve_run(const cli_args *args)
{
    (void)args;
    out_error("this beluga was built without \"beluga serve\", because llhttp was missing or "
              "-Dserve=disabled was set: install libllhttp-dev (or llhttp-devel), or run "
              "scripts/llhttp --fetch, and build beluga again");
    return CLI_EXIT_CONFIG;
}
