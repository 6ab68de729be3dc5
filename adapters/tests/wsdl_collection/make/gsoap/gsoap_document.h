//gsoap ns service name: ReceivingService
//gsoap ns service documentation: 申办接收 receives applications
//gsoap ns service style: document
//gsoap ns service encoding: literal
//gsoap ns service namespace: urn:gov:receiving
//gsoap ns service location: http://127.0.0.1:8080/ReceivingService
//gsoap ns schema namespace: urn:gov:receiving
//gsoap ns schema form: qualified
typedef char *xsd__string;
typedef time_t xsd__dateTime;
struct ns__Material { xsd__string name 1; int copies 0 = 1; enum xsd__boolean { false_, true_ } *electronic; };
struct ns__Application { xsd__string SBLSH 1; xsd__string SXBM 1; xsd__string SQRMC 0; xsd__dateTime SBSJ; int __sizematerial; struct ns__Material *material 0:20; };
struct ns__submitApplicationResponse { int code; xsd__string desc 0; };
//gsoap ns service method: submitApplication 申办
//gsoap ns service method-action: submitApplication "urn:gov:receiving/submitApplication"
int ns__submitApplication(struct ns__Application *application 1, struct ns__submitApplicationResponse *out);
//gsoap ns service method: queryStatus 查询状态
int ns__queryStatus(xsd__string SBLSH 1, xsd__string SXBM 0, int *status);
