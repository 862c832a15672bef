#include "queue/nats_dial.h"

#include "base/clock.h"
#include "queue/nats_key.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CONNECT_MS       5000
#define RECONNECT_MS     500
#define RECONNECT_JITTER 500
#define PING_MS          10000
#define WRITE_MS         10000

/* ---- errors ---------------------------------------------------------------------------------- */

/* The error codes of the server, and a message for the user for each. */
static const struct {
    jsErrCode code;
    int error;
    const char *text;
} refusals[] = {
    {JSNotEnabledErr, BELUGA_ERROR_NOT_SUPPORTED,
     "the server runs without JetStream (add jetstream { } to its configuration), or the domain "
     "in the address is wrong"},
    {JSNotEnabledForAccountErr, BELUGA_ERROR_NOT_SUPPORTED, "the account may not use JetStream"},
    {JSStreamReplicasNotSupportedErr, BELUGA_ERROR_INVALID_CONFIG,
     "the server is not part of a cluster, and can't keep replicas: use ?replicas=1"},
    {JSClusterNotAvailErr, BELUGA_ERROR_NETWORK,
     "the cluster has no leader: more than half of its servers must be running"},
    {JSClusterNoPeersErr, BELUGA_ERROR_INVALID_CONFIG,
     "too few servers of the cluster are running for so many replicas: wait for the other servers, "
     "or use ?replicas=1"},
    {JSStreamNotFoundErr, BELUGA_ERROR_NOT_FOUND, "the job does not exist"},
    {JSNoMessageFoundErr, BELUGA_ERROR_NOT_FOUND, "the job does not exist"},
    {JSStorageResourcesExceededErr, BELUGA_ERROR_LIMIT_EXCEEDED, NATS_STORE_IS_FULL},
    {JSInsufficientResourcesErr, BELUGA_ERROR_LIMIT_EXCEEDED, NATS_STORE_IS_FULL},
    {JSAccountResourcesExceededErr, BELUGA_ERROR_LIMIT_EXCEEDED, NATS_STORE_IS_FULL},
    {JSMaximumStreamsLimitErr, BELUGA_ERROR_LIMIT_EXCEEDED,
     "the account may have no more streams (a job needs three, a bucket one): remove others, or "
     "raise max_streams"},
    {JSStreamSubjectOverlapErr, BELUGA_ERROR_INVALID_CONFIG,
     "another stream of this account already stores these subjects: choose another name, or "
     "change the subjects of that stream"},
};

static int code_of(natsStatus status)
{
    switch (status) {
    case NATS_CONNECTION_AUTH_FAILED: return BELUGA_ERROR_AUTHENTICATION;
    case NATS_NOT_PERMITTED: return BELUGA_ERROR_AUTHORIZATION;
    case NATS_TIMEOUT: return BELUGA_ERROR_TIMEOUT;
    case NATS_NO_MEMORY: return BELUGA_ERROR_NO_MEMORY;
    case NATS_NO_RESPONDERS: return BELUGA_ERROR_NOT_SUPPORTED;
    case NATS_SSL_ERROR:
    case NATS_SECURE_CONNECTION_WANTED:
    case NATS_SECURE_CONNECTION_REQUIRED:
    case NATS_INVALID_ARG:
    case NATS_ADDRESS_MISSING: return BELUGA_ERROR_INVALID_CONFIG;
    case NATS_ERR: return BELUGA_ERROR_INTERNAL;
    default: return BELUGA_ERROR_NETWORK;
    }
}

/* NATS_ERR is for all failures without a status of their own; libnats has more words for them. */
static const char *last_error(const nats_library *nats, natsStatus status)
{
    natsStatus last = NATS_OK;
    const char *text = nats->nats_GetLastError(&last);
    if (last != status || !text || !*text) return nats->natsStatus_GetText(status);
    const char *words = *text == '(' ? strstr(text, "): ") : NULL; /* after (FILE:LINE) */
    return words ? words + 3 : text;
}

static const char *text_of(const nats_library *nats, natsStatus status)
{
    switch (status) {
    case NATS_CONNECTION_AUTH_FAILED:
        return "the server refuses the credentials, or requires some: give them in the address, or "
               "in NATS_USER and NATS_PASSWORD, NATS_TOKEN, NATS_CREDS or NATS_NKEY";
    case NATS_NO_SERVER: return "no server answers at this address";
    case NATS_NO_RESPONDERS:
        return "JetStream does not answer: the stream was removed, or its cluster has no leader";
    case NATS_TIMEOUT: return "the server does not answer";
    case NATS_SECURE_CONNECTION_REQUIRED:
        return "the server requires TLS: use tls:// instead of nats://";
    case NATS_SECURE_CONNECTION_WANTED:
        return "the server does not support TLS: use nats:// instead of tls://";
    case NATS_SSL_ERROR:
        return "the TLS handshake failed: the server's certificate must be for this host; if it "
               "has an authority of its own, name it with NATS_CA; if the server requires a client "
               "certificate, give NATS_CERT and NATS_KEY";
    case NATS_IO_ERROR:
    case NATS_PROTOCOL_ERROR:
    case NATS_CONNECTION_CLOSED:
        return "the connection was closed: is this a NATS server? If it requires a client "
               "certificate, give NATS_CERT and NATS_KEY";
    case NATS_ERR: return last_error(nats, status);
    default: return nats->natsStatus_GetText(status);
    }
}

int nats_explain_at(const nats_library *nats, const char *where, natsStatus status, jsErrCode code,
                    const char *what, beluga_error *err)
{
    int error = code_of(status);
    const char *text = text_of(nats, status);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (code && refusals[i].code == code) {
            error = refusals[i].error;
            text = refusals[i].text;
        }
    if (code && text == text_of(nats, status))
        beluga_error_set(err, error, "%s: %s: %s (JetStream's error %d)", where, what, text,
                         (int)code);
    else
        beluga_error_set(err, error, "%s: %s: %s", where, what, text);
    return error;
}

bool nats_is_full(jsErrCode code)
{
    return code == JSStorageResourcesExceededErr || code == JSInsufficientResourcesErr ||
           code == JSAccountResourcesExceededErr;
}

/* ---- options --------------------------------------------------------------------------------- */

static natsStatus set_credentials(const nats_library *nats, const nats_address *a,
                                  natsOptions *options)
{
    natsStatus s = NATS_OK;
    if (a->user) s = nats->natsOptions_SetUserInfo(options, a->user, a->password);
    if (s == NATS_OK && a->token) s = nats->natsOptions_SetToken(options, a->token);
    if (s == NATS_OK && a->creds)
        s = nats->natsOptions_SetUserCredentialsFromFiles(options, a->creds, NULL);
    return s;
}

static natsStatus set_tls(const nats_library *nats, const nats_address *a, natsOptions *options)
{
    natsStatus s = NATS_OK;
    if (a->tls || a->ca || a->cert) s = nats->natsOptions_SetSecure(options, true);
    if (s == NATS_OK && a->ca) s = nats->natsOptions_LoadCATrustedCertificates(options, a->ca);
    if (s == NATS_OK && a->cert)
        s = nats->natsOptions_LoadCertificatesChain(options, a->cert, a->key);
    return s;
}

/* Set the time-outs, and turn off the buffering of messages while libnats is not connected, since
 * the keeper sends them again. */
static natsStatus set_times(const nats_library *nats, natsOptions *options)
{
    natsStatus s = nats->natsOptions_SetTimeout(options, CONNECT_MS);
    if (s == NATS_OK) s = nats->natsOptions_SetMaxReconnect(options, -1);
    if (s == NATS_OK) s = nats->natsOptions_SetReconnectWait(options, RECONNECT_MS);
    if (s == NATS_OK)
        s = nats->natsOptions_SetReconnectJitter(options, RECONNECT_JITTER, RECONNECT_JITTER);
    if (s == NATS_OK) s = nats->natsOptions_SetReconnectBufSize(options, 1);
    if (s == NATS_OK) s = nats->natsOptions_SetPingInterval(options, PING_MS);
    if (s == NATS_OK) s = nats->natsOptions_SetWriteDeadline(options, WRITE_MS);
    return s == NATS_OK ? nats->natsOptions_SetFailRequestsOnDisconnect(options, true) : s;
}

static natsStatus set_options(const nats_library *nats, const nats_address *a, const char *name,
                              natsOptions *options)
{
    const char *servers[NATS_MAX_SERVERS];
    for (int i = 0; i < a->n_servers; i++) servers[i] = a->servers[i];
    natsStatus s = nats->natsOptions_SetServers(options, servers, a->n_servers);
    if (s == NATS_OK) s = nats->natsOptions_SetName(options, name);
    return s == NATS_OK ? set_times(nats, options) : s;
}

static int complain_of_file(const char *what, const char *path, beluga_error *err)
{
    beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "%s: can't be read as %s for NATS", path,
                     what);
    return BELUGA_ERROR_INVALID_CONFIG;
}

/* libnats does not report which file it can't read, or why, so the files are checked here. */
static int check_files(const nats_address *a, beluga_error *err)
{
    const struct {
        const char *what, *path;
    } files[] = {{"credentials", a->creds},
                 {"a seed", a->nkey},
                 {"certificates of authorities", a->ca},
                 {"a certificate", a->cert},
                 {"the key of a certificate", a->key}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (files[i].path && access(files[i].path, R_OK) != 0)
            return complain_of_file(files[i].what, files[i].path, err);
    return 0;
}

int nats_dial_options(const nats_library *nats, const nats_address *a, const char *name,
                      natsOptions *options, beluga_error *err)
{
    int rc = check_files(a, err);
    if (rc != 0) return rc;
    natsStatus s = set_options(nats, a, name, options);
    if (s == NATS_OK) s = set_credentials(nats, a, options);
    if (s != NATS_OK)
        return nats_explain_at(nats, a->where, s, 0, "can't set the options of the connection",
                               err);
    if (a->nkey) rc = nats_key_use(nats, options, a->nkey, err);
    if (rc == 0 && set_tls(nats, a, options) != NATS_OK)
        rc = complain_of_file("certificates", a->cert ? a->cert : a->ca ? a->ca : "TLS", err);
    return rc;
}

/* ---- connecting ------------------------------------------------------------------------------ */

/* Block all signals while libnats starts its threads, which inherit this, so that signals arrive on
 * the threads of the command. */
natsStatus nats_dial(const nats_library *nats, natsOptions *options, natsConnection **out)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    natsStatus s = nats->natsConnection_Connect(out, options);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return s;
}

void nats_dial_name(char name[QUEUE_NAME_BYTES])
{
    char host[40] = "host";
    gethostname(host, sizeof host - 1);
    for (char *c = host; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", *c))
            *c = '-';
    snprintf(name, QUEUE_NAME_BYTES, "%.39s-%ld-%04" PRIx32, host, (long)getpid(),
             (uint32_t)beluga__now_ns() & 0xffff);
}

/* ---- streams --------------------------------------------------------------------------------- */

void nats_stream_config(const nats_library *nats, jsStreamConfig *config, const char *name,
                        const char **subjects, int n_subjects, int replicas)
{
    nats->jsStreamConfig_Init(config);
    config->Name = name;
    config->Subjects = subjects;
    config->SubjectsLen = n_subjects;
    config->Storage = js_FileStorage;
    config->Replicas = replicas;
    config->MaxMsgsPerSubject = 1;
}
