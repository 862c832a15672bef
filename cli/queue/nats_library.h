/* Loads libnats when NATS is first needed, so that the command also starts on machines without
 * libnats. */
#ifndef BELUGA_CLI_QUEUE_NATS_LIBRARY_H
#define BELUGA_CLI_QUEUE_NATS_LIBRARY_H

#include <beluga/error.h>

#include <nats/nats.h>
#include <stdbool.h>

/* The functions of libnats that are used. */
#define NATS_FUNCTIONS(XX)                      \
    XX(nats_GetLastError)                       \
    XX(nats_GetVersionNumber)                   \
    XX(natsStatus_GetText)                      \
    XX(natsOptions_Create)                      \
    XX(natsOptions_Destroy)                     \
    XX(natsOptions_LoadCATrustedCertificates)   \
    XX(natsOptions_LoadCertificatesChain)       \
    XX(natsOptions_SetClosedCB)                 \
    XX(natsOptions_SetDisconnectedCB)           \
    XX(natsOptions_SetErrorHandler)             \
    XX(natsOptions_SetFailRequestsOnDisconnect) \
    XX(natsOptions_SetMaxReconnect)             \
    XX(natsOptions_SetNKeyFromSeed)             \
    XX(natsOptions_SetName)                     \
    XX(natsOptions_SetPingInterval)             \
    XX(natsOptions_SetReconnectBufSize)         \
    XX(natsOptions_SetReconnectJitter)          \
    XX(natsOptions_SetReconnectWait)            \
    XX(natsOptions_SetReconnectedCB)            \
    XX(natsOptions_SetSecure)                   \
    XX(natsOptions_SetServers)                  \
    XX(natsOptions_SetTimeout)                  \
    XX(natsOptions_SetToken)                    \
    XX(natsOptions_SetUserCredentialsFromFiles) \
    XX(natsOptions_SetUserInfo)                 \
    XX(natsOptions_SetWriteDeadline)            \
    XX(natsConnection_Close)                    \
    XX(natsConnection_Connect)                  \
    XX(natsConnection_Destroy)                  \
    XX(natsConnection_FlushTimeout)             \
    XX(natsConnection_GetLastError)             \
    XX(natsConnection_GetMaxPayload)            \
    XX(natsConnection_GetStats)                 \
    XX(natsConnection_JetStream)                \
    XX(natsConnection_PublishMsg)               \
    XX(natsConnection_PublishRequest)           \
    XX(natsConnection_Publish)                  \
    XX(natsConnection_Request)                  \
    XX(natsConnection_Status)                   \
    XX(natsConnection_Subscribe)                \
    XX(natsStatistics_Create)                   \
    XX(natsStatistics_Destroy)                  \
    XX(natsStatistics_GetCounts)                \
    XX(natsInbox_Create)                        \
    XX(natsInbox_Destroy)                       \
    XX(natsSubscription_Destroy)                \
    XX(natsSubscription_SetOnCompleteCB)        \
    XX(natsSubscription_SetPendingLimits)       \
    XX(natsMsg_Create)                          \
    XX(natsMsg_Destroy)                         \
    XX(natsMsg_GetData)                         \
    XX(natsMsg_GetDataLength)                   \
    XX(natsMsg_GetReply)                        \
    XX(natsMsg_GetSequence)                     \
    XX(natsMsg_GetSubject)                      \
    XX(natsMsg_IsNoResponders)                  \
    XX(natsMsgHeader_Get)                       \
    XX(natsMsgHeader_Set)                       \
    XX(jsCtx_Destroy)                           \
    XX(jsOptions_Init)                          \
    XX(jsPubOptions_Init)                       \
    XX(jsPubAck_Destroy)                        \
    XX(jsStreamConfig_Init)                     \
    XX(jsConsumerConfig_Init)                   \
    XX(jsStreamInfo_Destroy)                    \
    XX(jsConsumerInfo_Destroy)                  \
    XX(js_AddConsumer)                          \
    XX(js_AddStream)                            \
    XX(js_DeleteStream)                         \
    XX(js_GetConsumerInfo)                      \
    XX(js_GetLastMsg)                           \
    XX(js_GetStreamInfo)                        \
    XX(js_Publish)                              \
    XX(js_PublishMsg)                           \
    XX(js_PurgeStream)

typedef struct nats_library {
#define XX(name) __typeof__(name) *name;
    NATS_FUNCTIONS(XX)
#undef XX
} nats_library;

/* @return the functions; NULL with an error that says what to install. Any thread may call this. */
const nats_library *nats_load(beluga_error *err);

/* Look up a function in the libraries that were loaded together with libnats.
 * @return NULL if there is none, or libnats is not loaded. */
void *nats_symbol(const char *name);

#endif
