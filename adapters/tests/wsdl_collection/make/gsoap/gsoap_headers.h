//gsoap ns service name: HeaderService
//gsoap ns service documentation: headers mandatory and not
//gsoap ns service style: document
//gsoap ns service encoding: literal
//gsoap ns service namespace: urn:gov:header
//gsoap ns service location: http://127.0.0.1:8080/HeaderService
//gsoap ns schema namespace: urn:gov:header
//gsoap ns schema form: qualified
typedef char *xsd__string;
struct ns__Authorization { xsd__string UserName 1; xsd__string Password 1; xsd__string City; };
struct SOAP_ENV__Header { mustUnderstand struct ns__Authorization *ns__authorization; xsd__string ns__requestId; xsd__string ns__serverTime; };
//gsoap ns service method-input-header-part: SendRequest ns__authorization
//gsoap ns service method-input-header-part: SendRequest ns__requestId
//gsoap ns service method-output-header-part: SendRequest ns__serverTime
int ns__SendRequest(xsd__string service, xsd__string xml, xsd__string *result);
//gsoap ns service method-header-part: Ping ns__requestId
int ns__Ping(void);
