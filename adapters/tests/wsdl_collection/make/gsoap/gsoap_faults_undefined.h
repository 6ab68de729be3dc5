//gsoap ns service name: AcceptanceService
//gsoap ns service documentation: 受理 with faults
//gsoap ns service style: document
//gsoap ns service encoding: literal
//gsoap ns service namespace: urn:gov:fault
//gsoap ns service location: http://127.0.0.1:8080/AcceptanceService
//gsoap ns schema namespace: urn:gov:fault
//gsoap ns schema form: qualified
typedef char *xsd__string;
struct ns__NotAccepted { xsd__string reason 1; xsd__string legalBasis; };
struct ns__UnknownItem { xsd__string SXBM 1; };
struct SOAP_ENV__Detail { struct ns__NotAccepted *ns__notAccepted; struct ns__UnknownItem *ns__unknownItem; int __type; void *fault; _XML __any; };
//gsoap ns service method-fault: accept ns__notAccepted
//gsoap ns service method-fault: accept ns__unknownItem
int ns__accept(xsd__string SBLSH, xsd__string *receipt);
