//gsoap ns service name: AttachmentService
//gsoap ns service documentation: MTOM
//gsoap ns service style: document
//gsoap ns service encoding: literal
//gsoap ns service namespace: urn:gov:attachment
//gsoap ns service location: http://127.0.0.1:8080/AttachmentService
//gsoap ns schema namespace: urn:gov:attachment
#import "xop.h"
#import "xmime5.h"
//gsoap ns schema form: unqualified
struct ns__Attachment { @char *name; @char *md5; struct _xop__Include *xop__Include 0; };
struct ns__Document { unsigned char *__ptr; int __size; char *id; char *type; char *options; @char *xmime5__contentType; };
struct ns__uploadResponse { int stored; };
//gsoap ns service method-mime-type: upload application/pdf image/jpeg
int ns__upload(char *SBLSH, struct ns__Document document, struct ns__uploadResponse *out);
//gsoap ns service method-output-mime-type: download */*
int ns__download(char *id, struct ns__Document *document);
