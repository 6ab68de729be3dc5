//gsoap ns service name: LicenceService
//gsoap ns service documentation: SOAP 1.2 only
//gsoap ns service style: document
//gsoap ns service encoding: literal
//gsoap ns service namespace: http://licence.gov.cn/ws
//gsoap ns service location: http://127.0.0.1:8080/LicenceService
//gsoap ns schema namespace: http://licence.gov.cn/ws
//gsoap ns schema elementForm: qualified
//gsoap ns schema attributeForm: unqualified
#import "custom/struct_tm_date.h"
struct ns__Licence { @char *number; @char *state = "VALID"; char *holder; xsd__date issued; xsd__date *validUntil; double *fee; };
struct ns__findResponse { struct ns__Licence *licence; };
int ns__find(char *number, struct ns__findResponse *out);
