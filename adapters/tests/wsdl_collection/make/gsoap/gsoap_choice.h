//gsoap ns service name: ChoiceService
//gsoap ns service documentation: union as choice, lists in structures, recursion
//gsoap ns service style: document
//gsoap ns service encoding: literal
//gsoap ns service namespace: urn:gov:choice
//gsoap ns service location: http://127.0.0.1:8080/ChoiceService
//gsoap ns schema namespace: urn:gov:choice
//gsoap ns schema form: unqualified
typedef char *xsd__string;
union ns__Identity { xsd__string idNumber; xsd__string uscc; int passport; };
struct ns__Division { @xsd__string code; xsd__string name; int __sizechild; struct ns__Division *child; };
struct ns__Field { xsd__string __item; @xsd__string FieldName 1; @xsd__string kind = "text"; };
struct ns__Record { int __union 1; union ns__Identity identity; int __sizefield; struct ns__Field *field; _XML __any; @_XML __anyAttribute; };
int ns__tree(xsd__string root, struct ns__Division *out);
int ns__record(struct ns__Record *record, xsd__string *number);
