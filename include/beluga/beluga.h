/**
 * @file beluga.h
 * Includes every header that an application needs.
 *
 * Begin with chat_model.h, which explains the eight ways to ask a model. registry.h opens a model,
 * message.h makes its input, response.h and event.h describe its answer, error.h lists the errors,
 * and option.h all options. common.h has the rules that apply to every function. Providers' own
 * options are in beluga/providers/. Authors of providers include the headers in beluga/provider/.
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
