//gsoap ns service name: QueryService
//gsoap ns service documentation: rpc/encoded with SOAP arrays
//gsoap ns service style: rpc
//gsoap ns service encoding: encoded
//gsoap ns service namespace: urn:gov:query
//gsoap ns service location: http://127.0.0.1:8080/QueryService
//gsoap ns schema namespace: urn:gov:query
typedef char *xsd__string;
typedef time_t xsd__dateTime;
typedef LONG64 xsd__long;
struct ns__Step { int SPHJDM; xsd__string SPHJMC; xsd__string SPRXM; xsd__dateTime SPSJ; };
struct ArrayOfStep { struct ns__Step *__ptr; int __size; };
struct ArrayOfstring { xsd__string *__ptr; int __size; };
struct Matrix { xsd__long *__ptr; int __size[2]; };
struct ns__listStepsResponse { struct ArrayOfStep steps; xsd__long total; };
int ns__listSteps(xsd__string SBLSH, xsd__dateTime since, struct ns__listStepsResponse *out);
int ns__listRegions(struct ArrayOfstring parents, struct ArrayOfstring *regions);
int ns__statistics(struct ArrayOfstring items, struct Matrix *counts);
