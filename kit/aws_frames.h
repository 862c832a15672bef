/* Writes frames of AWS event streams. The kit has its own writer, so that it does not share faults
 * with the library's reader. */
#ifndef BELUGA_KIT_AWS_FRAMES_H
#define BELUGA_KIT_AWS_FRAMES_H

#include <stddef.h>
#include <stdint.h>

/* Write a frame; its headers are lines "name: value", and all values are strings. Returns its
 * length. */
size_t aws_frame(char *out, const char *headers, const char *payload);
/* Write the frames that a text describes: for each frame the text has its headers, then one line
 * with its payload, which may be empty. Returns the length, or 0 if the frames do not fit, a line
 * is too long, a header is malformed, or the payload of the last frame is missing. */
size_t aws_frames(char *out, size_t size, const char *text);
/* Do the same as aws_frames(); `line` receives the number of the faulty line, from 1, or 0. */
size_t aws_frames_of(char *out, size_t size, const char *text, size_t *line);
/* Write one frame with headers that are encoded already. `total`, unless it is 0, replaces the
 * frame's real length. */
size_t aws_frame_raw(char *out, const char *headers, size_t n_headers, const char *payload,
                     size_t n, uint32_t total);

#endif
