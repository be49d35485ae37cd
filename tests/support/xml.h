/* SPDX-License-Identifier: MIT */
/* Whether text is well-formed XML, as far as a file without DTD and namespaces needs it. */
#ifndef SUPPORT_XML_H
#define SUPPORT_XML_H

#include <stddef.h>

/* NULL, or what is wrong and where, in a buffer of the calling thread. */
const char *support_xml_fault(const char *text);
/* How many elements of that name there are; the text is well-formed. */
size_t support_xml_count(const char *text, const char *element);

#endif
