/**
 * @file beluga.h
 * Includes every header that an application needs.
 *
 * Begin with chat_model.h: it says which of the eight ways of asking a model to take. registry.h
 * opens a model, message.h makes its input, response.h and event.h are its answer, error.h lists
 * its failures, and option.h all settings. The rules that hold for every function stand in
 * common.h. A provider's own options are in beluga/providers/. The author of a provider includes
 * the headers of beluga/provider/.
 */
#ifndef BELUGA_BELUGA_H
#define BELUGA_BELUGA_H

#include <beluga/allocator.h>
#include <beluga/batch.h>
#include <beluga/batch_job.h>
#include <beluga/cache.h>
#include <beluga/cassette.h>
#include <beluga/chat_model.h>
#include <beluga/client.h>
#include <beluga/common.h>
#include <beluga/config.h>
#include <beluga/context.h>
#include <beluga/embedding.h>
#include <beluga/error.h>
#include <beluga/event.h>
#include <beluga/hooks.h>
#include <beluga/log.h>
#include <beluga/loop.h>
#include <beluga/mcp.h>
#include <beluga/message.h>
#include <beluga/model_info.h>
#include <beluga/option.h>
#include <beluga/price.h>
#include <beluga/registry.h>
#include <beluga/response.h>
#include <beluga/telemetry.h>
#include <beluga/tool.h>
#include <beluga/tool_loop.h>
#include <beluga/version.h>

#endif
