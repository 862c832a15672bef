/**
 * @file beluga.h
 * Includes every header an application needs. Providers' own options are in beluga/providers/, what
 * a provider's author needs in beluga/provider/.
 */
#ifndef BELUGA_BELUGA_H
#define BELUGA_BELUGA_H

#include <beluga/allocator.h>
#include <beluga/batch.h>
#include <beluga/cache.h>
#include <beluga/cassette.h>
#include <beluga/chat_model.h>
#include <beluga/client.h>
#include <beluga/common.h>
#include <beluga/config.h>
#include <beluga/context.h>
#include <beluga/error.h>
#include <beluga/event.h>
#include <beluga/hooks.h>
#include <beluga/log.h>
#include <beluga/loop.h>
#include <beluga/message.h>
#include <beluga/option.h>
#include <beluga/price.h>
#include <beluga/registry.h>
#include <beluga/response.h>
#include <beluga/telemetry.h>
#include <beluga/tool.h>
#include <beluga/tool_loop.h>
#include <beluga/version.h>

#endif
