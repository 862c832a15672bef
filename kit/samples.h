/* Small sample files that messages can contain. */
#ifndef BELUGA_KIT_SAMPLES_H
#define BELUGA_KIT_SAMPLES_H

#include <beluga/message.h>

#include <stdbool.h>

/* Add a sample to a message: an image of one pixel, an audio file without sound, or a page. */
void check_sample_add(beluga_message *message, beluga_part_kind kind);
/* Find the kind by its name in check.json: "image", "audio" or "file". @return whether there is
 * such a kind. */
bool check_sample_kind(const char *name, beluga_part_kind *kind);

#endif
