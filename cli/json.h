/*
 * json.h - what happened as JSON Lines, a record each.
 *
 * Layer: cli.  First a record of type "header" with the version of this format, last one of type
 * "summary".  Addresses are strings ("0x7f…"): a number of JSON holds 53 bits only.
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include "cli/options.h"
#include "cli/out.h"
#include "host/follow.h"

#define JSON_VERSION 1

void json_header(struct out *out, const struct verb *verb, const struct options *options);

/* A sink that writes a record for each callback to @out. */
void json_sink(struct follow_sink *sink, struct out *out);

/* Why there is less than asked for: {"type":"trouble","message":…}. */
void json_trouble(struct out *out, const char *message);
void json_summary(struct out *out, const struct follow_summary *summary);

/* `usermm rules --json`: one record per rule.  @on[i]: it holds on this kernel. */
void json_rules(struct out *out, const bool *on);

/* `usermm errors --json`: a record of one check. */
void json_error(struct out *out, const struct umm_why_info *info, const char *error);

#endif
