/* Connects a client to the telemetry object that its user passes. */
#include "telemetry/telemetry.h"

#include "base/sized.h"
#include "client/client.h"

static void attach(beluga_client *client, beluga_telemetry *telemetry)
{
    beluga_telemetry_unref(client->observer);
    client->observer = telemetry;
    client->telemetry = *beluga_telemetry_get_sink(telemetry);
    client->runtime.telemetry = &client->telemetry;
    if (beluga__telemetry_captures(telemetry)) client->runtime.capture_content = true;
    beluga__telemetry_use(telemetry);
}

int beluga_telemetry_init(beluga_client *client, const beluga_telemetry_settings *given,
                          beluga_telemetry **out, beluga_error *err)
{
    beluga_telemetry_settings settings;
    *out = NULL;
    if (!client) client = beluga_client_default();
    if (!client) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for a client");
    int status =
        beluga__sized_read(&settings, given, offsetof(beluga_telemetry_settings, variables), true);
    if (status)
        return beluga_error_set(err, status,
                                "telemetry: the settings' size is not set, or they set a member "
                                "that this library does not know");
    beluga_log_fn log = settings.log ? settings.log : client->runtime.log;
    void *payload = settings.log ? settings.log_payload : client->runtime.log_payload;
    status = beluga__telemetry_new(&settings, log, payload, out, err);
    if (*out) attach(client, *out);
    return status;
}
