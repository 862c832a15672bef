/* Writes events as JSON objects and reads them, so that an answer can be stored and played
 * again. */
#ifndef BELUGA__EVENT_JSON_H
#define BELUGA__EVENT_JSON_H

#include <beluga/event.h>
#include <beluga/provider/json.h>

/* Write an event that belongs to an answer: METADATA, its content, USAGE and FINISH. For other
 * events this returns false and writes no text. */
bool beluga__event_to_json(beluga_json_writer *w, const beluga_event *event);
/* Read an event, which points into the document. Returns false where the object is no event. */
bool beluga__event_from_json(const beluga_json *object, beluga_event *event);

#endif
