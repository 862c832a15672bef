/**
 * @file bedrock.h
 * Options of the provider `bedrock` (Amazon Bedrock: Converse and ConverseStream). Models are named
 * by their id, an inference profile's, or an ARN.
 *
 * The key (api_key) is one of: a Bedrock API key; "ID:SECRET", "ID:SECRET:TOKEN" or
 * "ID:SECRET:TOKEN:REGION", an access key that requests are signed with (Signature Version 4);
 * "aws:", the access key of the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
 * AWS_SESSION_TOKEN) or else of the profile AWS_PROFILE or "default"; "aws:NAME", that of a
 * profile. Profiles are read from ~/.aws/credentials and ~/.aws/config, or
 * AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE. With beluga_with_env() and no key given it is
 * AWS_BEARER_TOKEN_BEDROCK, or else "aws:". The library does not ask for roles, single sign-on and
 * instance metadata; a key source or "command:" can.
 *
 * The region is bedrock.region (AWS_REGION), else bedrock.default_region (AWS_DEFAULT_REGION), else
 * that of the key, else us-east-1. It does not change a base URL that you give.
 *
 * Converse has no place for these, which become a warning in START: seed, penalties, user,
 * json_mode, parallel_tool_calls=false, and top_k and reasoning_budget for models whose name for
 * them is not known. tool_choice none leaves the tools out. Images and files by address must be
 * data: or s3:// URLs. The proof of completion is messageStop; the usage that follows belongs to
 * it. Reasoning that is hidden is delivered as a signature.
 */
#ifndef BELUGA_PROVIDERS_BEDROCK_H
#define BELUGA_PROVIDERS_BEDROCK_H

#include <beluga/option.h>

BELUGA_BEGIN_DECLS

/** Ask this region, such as "eu-west-1": small letters, digits and '-'. */
static inline beluga_option beluga_bedrock_with_region(const char *region)
{
    return beluga_with_provider_specific("bedrock.region", region);
}

BELUGA_END_DECLS
#endif
