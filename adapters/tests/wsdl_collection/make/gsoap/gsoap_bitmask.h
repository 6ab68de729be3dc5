//gsoap ns service name: CodeService
//gsoap ns service documentation: simple types with facets
//gsoap ns service style: document
//gsoap ns service encoding: literal
//gsoap ns service namespace: urn:gov:codes
//gsoap ns service location: http://127.0.0.1:8080/CodeService
//gsoap ns schema namespace: urn:gov:codes
//gsoap ns schema form: unqualified
typedef char *ns__SBLSH "[0-9A-Z]{29}";
typedef char *ns__Name 1:400;
typedef int ns__Step 1:3;
typedef double ns__Fee "%16.2lf" 0:;
enum ns__Result { ns__Result__ISSUED = 0, ns__Result__RETURNED = 1, ns__Result__VOID = 2, ns__Result__DELETED = 3 };
enum * ns__Channels { WINDOW, ONLINE, MOBILE, MAIL };
struct ns__Case { ns__SBLSH SBLSH 1; ns__Name SQRMC 1; ns__Step SPHJDM; ns__Fee SFJE; enum ns__Result result; enum ns__Channels channels; @enum ns__Result *previous; };
int ns__check(struct ns__Case *c 1, enum ns__Result *verdict);
