#include "kit/aws_frames.h"

#include <stdbool.h>
#include <string.h>

/* Compute the checksum bit by bit, as the standard defines it. */
static uint32_t crc32_of(const char *at, size_t n)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < n; i++) {
        crc ^= (unsigned char)at[i];
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    return ~crc;
}

static void put_u32(char *out, uint32_t value)
{
    for (int i = 0; i < 4; i++) out[i] = (char)(value >> (24 - 8 * i));
}

size_t aws_frame_raw(char *out, const char *headers, size_t n_headers, const char *payload,
                     size_t n, uint32_t total)
{
    size_t length = 12 + n_headers + n + 4;
    put_u32(out, total ? total : (uint32_t)length);
    put_u32(out + 4, (uint32_t)n_headers);
    put_u32(out + 8, crc32_of(out, 8));
    memcpy(out + 12, headers, n_headers);
    memcpy(out + 12 + n_headers, payload, n);
    put_u32(out + length - 4, crc32_of(out, length - 4));
    return length;
}

/* Copy the line at `at`, and move on to the next one. Returns false if the line is too long. */
static bool take_line(const char **at, char *line, size_t size)
{
    size_t n = strcspn(*at, "\n");
    if (n + 2 >= size) return false;
    memcpy(line, *at, n);
    line[n] = '\0';
    *at += n + ((*at)[n] == '\n');
    return true;
}

/* Returns whether a line is ":name: value" with a name that fits a frame, which stores its length
 * in one byte. */
static bool is_header(const char *line)
{
    const char *colon = strchr(line + 1, ':'); /* names begin with a colon */
    return colon && colon[1] == ' ' && colon - line <= UINT8_MAX;
}

/* Add a header's line to the headers of its frame. Returns false if they become too long. */
static bool add_header(char *headers, size_t size, const char *line)
{
    if (!is_header(line) || strlen(headers) + strlen(line) + 2 >= size) return false;
    strcat(strcat(headers, line), "\n");
    return true;
}

size_t aws_frames_of(char *out, size_t size, const char *text, size_t *line)
{
    char headers[1024] = "", words[4096];
    size_t at = 0;
    for (*line = 1; *text; ++*line) {
        bool header = *text == ':';
        if (!take_line(&text, words, sizeof words)) return 0;
        if (header) {
            if (!add_header(headers, sizeof headers, words)) return 0;
            continue;
        }
        if (at + strlen(headers) + strlen(words) + 64 >= size) return 0;
        at += aws_frame(out + at, headers, words);
        *headers = '\0';
    }
    if (*headers) return 0;
    *line = 0;
    return at;
}

size_t aws_frames(char *out, size_t size, const char *text)
{
    size_t line;
    return aws_frames_of(out, size, text, &line);
}

static size_t put_header(char *out, const char *line, size_t n)
{
    const char *colon = memchr(line + 1, ':', n - 1);
    size_t n_name = (size_t)(colon - line), n_value = n - n_name - 2;
    *out++ = (char)n_name;
    memcpy(out, line, n_name);
    out += n_name;
    *out++ = 7;
    *out++ = (char)(n_value >> 8);
    *out++ = (char)n_value;
    memcpy(out, colon + 2, n_value);
    return n_name + n_value + 4;
}

size_t aws_frame(char *out, const char *headers, const char *payload)
{
    char encoded[1024];
    size_t at = 0;
    while (*headers) {
        size_t n = strcspn(headers, "\n");
        at += put_header(encoded + at, headers, n);
        headers += n + (headers[n] == '\n');
    }
    return aws_frame_raw(out, encoded, at, payload, strlen(payload), 0);
}
