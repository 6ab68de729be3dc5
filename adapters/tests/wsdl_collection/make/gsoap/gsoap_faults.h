//gsoap ns service name: AcceptanceService
//gsoap ns service documentation: 受理 with faults
//gsoap ns service style: document
//gsoap ns service encoding: literal
//gsoap ns service namespace: urn:gov:fault
//gsoap ns service location: http://127.0.0.1:8080/AcceptanceService
//gsoap ns schema namespace: urn:gov:fault
//gsoap ns schema form: qualified
typedef char *xsd__string;
struct _ns__NotAccepted { xsd__string reason 1; xsd__string legalBasis; };
struct _ns__UnknownItem { xsd__string SXBM 1; };
//gsoap ns service method-fault: accept _ns__NotAccepted
//gsoap ns service method-fault: accept _ns__UnknownItem
int ns__accept(xsd__string SBLSH, xsd__string *receipt);
