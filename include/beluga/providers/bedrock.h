/**
 * @file bedrock.h
 * Options of the provider `bedrock` (Amazon Bedrock: Converse and ConverseStream). A model's name
 * is its id, the id of an inference profile, or an ARN.
 *
 * The key (api_key) is one of: a Bedrock API key; "ID:SECRET", "ID:SECRET:TOKEN" or
 * "ID:SECRET:TOKEN:REGION", which is an access key with which requests are signed (Signature
 * Version 4); "aws:", which means the access key of the environment variables (AWS_ACCESS_KEY_ID,
 * AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN) or else of the profile AWS_PROFILE or "default";
 * "aws:NAME", which means the access key of that profile. Profiles are read from ~/.aws/credentials
 * and ~/.aws/config, or AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE. If no key is set,
 * beluga_with_env() uses AWS_BEARER_TOKEN_BEDROCK, or else "aws:". The library itself does not
 * support roles, single sign-on and instance metadata; a key source or "command:" can get such
 * keys.
 *
 * The region is bedrock.region (AWS_REGION), else bedrock.default_region (AWS_DEFAULT_REGION), else
 * the region of the key, else us-east-1. It does not change a base URL that you set.
 *
 * Converse does not support these options, so that setting them gives a warning in START: seed,
 * penalties, user, json_mode, parallel_tool_calls=false, and, for some models, top_k and
 * reasoning_budget, where the names of these options are not known. With tool_choice "none" the
 * tools are not sent. Images and files by address must be data: or s3:// URLs. The proof of
 * completion is the event messageStop, together with the usage that follows it. Hidden reasoning is
 * delivered as a signature.
 */
#ifndef BELUGA_PROVIDERS_BEDROCK_H
#define BELUGA_PROVIDERS_BEDROCK_H

#include <beluga/option.h>

BELUGA_BEGIN_DECLS

/** Send requests to this region, such as "eu-west-1": lower-case letters, digits and '-'. */
static inline beluga_option beluga_bedrock_with_region(const char *region)
{
    return beluga_with_provider_specific("bedrock.region", region);
}

BELUGA_END_DECLS
#endif
