/* Frames of AWS event streams, written by the kit's own hand so that reading them proves
 * something. */
#ifndef BELUGA_KIT_AWS_FRAMES_H
#define BELUGA_KIT_AWS_FRAMES_H

#include <stddef.h>
#include <stdint.h>

/* Write a frame whose headers are lines "name: value", all of them strings. Returns its length. */
size_t aws_frame(char *out, const char *headers, const char *payload);
/* Write the frames that a text has: of each first its headers, then a line of payload, which may be
 * empty. Returns their length, 0 where they do not fit, a line is too long or no header. */
size_t aws_frames(char *out, size_t size, const char *text);
/* One frame of headers that are encoded already; `total` unless it is 0 instead of the frame's
 * length. */
size_t aws_frame_raw(char *out, const char *headers, size_t n_headers, const char *payload,
                     size_t n, uint32_t total);

#endif
