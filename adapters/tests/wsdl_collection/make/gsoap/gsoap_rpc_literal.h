//gsoap ns service name: ExchangeService
//gsoap ns service documentation: 数据交换
//gsoap ns service style: rpc
//gsoap ns service encoding: literal
//gsoap ns service namespace: urn:gov:exchange
//gsoap ns service location: http://127.0.0.1:8080/ExchangeService
//gsoap ns schema namespace: urn:gov:exchange
typedef char *xsd__string;
struct ns__Result { int code; xsd__string desc; xsd__string reasonList 0; };
int ns__setDataXmlToFocus(xsd__string deptCode, xsd__string xml, xsd__string tableName, xsd__string identify, struct ns__Result *setDataXmlToFocusReturn);
struct ns__excuteResponse { xsd__string excuteReturn; };
int ns__excute(xsd__string xml, struct ns__excuteResponse *out);
