//gsoap ns service name: DateService
//gsoap ns service documentation: all that is a date
//gsoap ns service style: document
//gsoap ns service encoding: literal
//gsoap ns service namespace: urn:gov:dates
//gsoap ns service location: http://127.0.0.1:8080/DateService
//gsoap ns schema namespace: urn:gov:dates
#import "custom/struct_tm_date.h"
#import "custom/long_time.h"
#import "custom/duration.h"
//gsoap ns schema form: unqualified
typedef time_t xsd__dateTime;
struct xsd__base64Binary { unsigned char *__ptr; int __size; };
struct xsd__hexBinary { unsigned char *__ptr; int __size; };
typedef char *xsd__anyURI;
typedef char *xsd__QName;
typedef char *xsd__gYearMonth;
typedef unsigned char xsd__unsignedByte;
typedef ULONG64 xsd__unsignedLong;
typedef float xsd__float;
struct ns__Everything { xsd__date day; xsd__time at; xsd__dateTime moment; xsd__duration limit; xsd__gYearMonth month; struct xsd__base64Binary body; struct xsd__hexBinary digest; xsd__anyURI uri; xsd__QName kind; xsd__unsignedByte small; xsd__unsignedLong large; xsd__float ratio; enum xsd__boolean { no, yes } flag; };
int ns__echo(struct ns__Everything *in, struct ns__Everything *out);
