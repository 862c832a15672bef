#include "kit/samples.h"

#include <string.h>

static void add_image(beluga_message *message)
{
    static const unsigned char png[] = {
        0x89, 'P',  'N',  'G',  0x0d, 0x0a, 0x1a, 0x0a, 0,    0,    0,    0x0d, 'I',  'H',
        'D',  'R',  0,    0,    0,    1,    0,    0,    0,    1,    8,    0,    0,    0,
        0,    0x3a, 0x7e, 0x9b, 0x55, 0,    0,    0,    0x0a, 'I',  'D',  'A',  'T',  0x78,
        0x9c, 0x63, 0xf8, 0x0f, 0,    1,    1,    1,    0,    0x1b, 0xb6, 0xee, 0x56, 0,
        0,    0,    0,    'I',  'E',  'N',  'D',  0xae, 0x42, 0x60, 0x82};
    beluga_message_add_data(message, BELUGA_PART_IMAGE, "image/png", png, sizeof png, NULL);
}

static void add_audio(beluga_message *message)
{
    static const char wav[] = "RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0"
                              "\2\0\x10\0data\0\0\0\0";
    beluga_message_add_data(message, BELUGA_PART_AUDIO, "audio/wav", wav, sizeof wav - 1, NULL);
}

static void add_file(beluga_message *message)
{
    static const char pdf[] = "%PDF-1.4\n%%EOF\n";
    beluga_message_add_data(message, BELUGA_PART_FILE, "application/pdf", pdf, sizeof pdf - 1,
                            "note.pdf");
}

static const struct {
    const char *name;
    beluga_part_kind kind;
    void (*add)(beluga_message *message);
} samples[] = {{"image", BELUGA_PART_IMAGE, add_image},
               {"audio", BELUGA_PART_AUDIO, add_audio},
               {"file", BELUGA_PART_FILE, add_file}};
enum { SAMPLES = sizeof samples / sizeof *samples };

void check_sample_add(beluga_message *message, beluga_part_kind kind)
{
    for (size_t i = 0; i < SAMPLES && message; i++)
        if (samples[i].kind == kind) samples[i].add(message);
}

bool check_sample_kind(const char *name, beluga_part_kind *kind)
{
    size_t i = 0;
    while (i < SAMPLES && strcmp(samples[i].name, name) != 0) i++;
    if (i < SAMPLES) *kind = samples[i].kind;
    return i < SAMPLES;
}
