//gsoap ns service name: EventService
//gsoap ns service documentation: one-way events
//gsoap ns service style: document
//gsoap ns service encoding: literal
//gsoap ns service namespace: urn:gov:event
//gsoap ns service location: http://127.0.0.1:8080/EventService
//gsoap ns schema namespace: urn:gov:event
typedef char *xsd__string;
struct ns__Event { xsd__string SBLSH; int type; xsd__string text 0; };
int ns__statusChanged(struct ns__Event event, void);
int ns__heartbeat(xsd__string sender, void);
int ns__acknowledge(xsd__string SBLSH, int *ok);
