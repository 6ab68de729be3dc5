//gsoap a service name: ApplyService
//gsoap a service style: document
//gsoap a service encoding: literal
//gsoap a service namespace: urn:gov:apply
//gsoap a service location: http://127.0.0.1:8080/apply
//gsoap a schema namespace: urn:gov:apply
//gsoap a schema form: qualified
//gsoap t schema namespace: urn:gov:types
//gsoap t schema form: qualified
typedef char *xsd__string;
struct t__Person { xsd__string name; xsd__string idNumber; };
struct t__Material { xsd__string name; struct t__Person *issuer; };
struct a__applyResponse { xsd__string SBLSH; };
int a__apply(struct t__Person *applicant, struct t__Material *material, struct a__applyResponse *out);
