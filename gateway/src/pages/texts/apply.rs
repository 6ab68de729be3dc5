//! The way from "apply" to the receipt.
#![allow(missing_docs, reason = "the key says what each text is")]

super::texts! {
    START_TITLE "apply.start_title" "开始申办：{name}" "Apply: {name}";
    FILL_TITLE "apply.fill_title" "填写申请：{name}" "Your application: {name}";
    FAULTS_TITLE "apply.faults_title" "请改正：{name}" "Please correct: {name}";
    REVIEW_TITLE "apply.review_title" "核对并提交：{name}" "Check and submit: {name}";
    ALREADY_TITLE "apply.already_title" "这份申请已经提交" "This application has already been submitted";
    RECEIPT_TITLE "apply.receipt_title" "申请已提交" "Your application has been submitted";

    STEP_START "apply.step_start" "第1步，共3步：准备" "Step 1 of 3: before you begin";
    STEP_FILL "apply.step_fill" "第2步，共3步：填写和上传" "Step 2 of 3: fill in and upload";
    STEP_REVIEW "apply.step_review" "第3步，共3步：核对和提交" "Step 3 of 3: check and submit";
    BACK_TO_GUIDE "apply.back_to_guide" "返回办事指南" "Back to the guide";

    HOW_LONG "apply.how_long" "办理时间" "How long it takes";
    HOW_LONG_FILL "apply.how_long_fill" "填写约需{n}分钟。未提交的内容只保存在这个页面里，请不要关闭；已上传的文件保留一天。" "Filling it in takes about {n} minutes. Until you submit, your answers are kept in this page alone, so leave it open; uploaded files are kept for a day.";
    HOW_LONG_CASE "apply.how_long_case" "受理后承诺{promise}内办结。" "Once accepted, it is decided within {promise}.";
    HOW_LONG_SPOT "apply.how_long_spot" "材料齐全的，当场办结。" "With everything at hand, it is decided on the spot.";
    HOW_LONG_NONE "apply.how_long_none" "办理期限见办事指南。" "The guide says how long it takes to decide.";
    YOU_NEED "apply.you_need" "请准备" "Have this ready";
    YOU_NEED_IDENTITY "apply.you_need_identity" "身份证件或统一社会信用代码、联系电话" "Your identity document or social credit code, and a telephone number";
    ONLY_SITUATIONS "apply.only_situations" "仅限：{situations}" "Only for: {situations}";
    BEGIN "apply.begin" "开始填写" "Begin";

    SITUATION "apply.situation" "您要办哪一种" "What do you apply for";
    SITUATION_MISSING "apply.situation_missing" "请先选择要办哪一种" "Choose first what you apply for";
    REGION "apply.region" "在哪里办" "Where";
    REGION_HINT "apply.region_hint" "一般不用改；事情发生在下面某地的，选该地" "Leave it as it is unless your matter belongs to one of these places";
    CHANGE "apply.change" "更改办理种类或地区" "Change the kind or the place";
    CHANGE_HINT "apply.change_hint" "已填的内容会保留。" "What you have filled in is kept.";
    CHANGE_BUTTON "apply.change_button" "更改" "Change";

    PROBLEM "apply.problem" "有{n}处需要改正" "There are {n} things to correct";
    FAULT "apply.fault" "错误" "Error";
    APPLICANT "apply.applicant" "申请人" "Who applies";
    FORM "apply.form" "申请内容" "What you apply for";
    FORM_CUT "apply.form_cut" "此表单过长，本页只显示前一部分；请到窗口办理或使用开放接口。" "The form is too long for this page, which shows its first part only; please apply at the window or through the interface.";
    REQUIRED_NOTE "apply.required_note" "没有标明“选填”的都要填写。" "Everything is required unless it says “optional”.";
    MATERIALS "apply.materials" "申请材料" "Documents";
    NO_MATERIALS "apply.no_materials" "不需要上传材料。" "No documents are needed.";
    PHOTO "apply.photo" "用手机拍照上传，怎样拍得清楚" "Uploading a photograph: how it can be read well";
    PHOTO_1 "apply.photo_1" "把原件平放在深色桌面上，四个角都拍进去，手机与纸面平行。" "Lay the original flat on a dark table; all four corners in the picture, the phone level with the paper.";
    PHOTO_2 "apply.photo_2" "在窗边或灯下拍，关闭闪光灯，不要有反光、阴影和手指。" "By a window or a lamp, without flash: no glare, no shadow, no fingers.";
    PHOTO_3 "apply.photo_3" "放大看一看，最小的字和印章都要看得清。多页的每页一张，或合成一个PDF。" "Zoom in: the smallest print and the seals must be legible. One picture a page, or all of them in one PDF.";
    MUST "apply.must" "必须上传" "Required";
    LATER "apply.later" "可以以后补交" "May follow later";
    MAY "apply.may" "选填" "Optional";
    FORMATS "apply.formats" "可上传：{formats}" "Taken: {formats}";
    SIZE_MAX "apply.size_max" "每个文件不超过{most}" "At most {most} a file";
    ONE_FILE "apply.one_file" "一个文件；再选会替换" "One file; another one takes its place";
    SEVERAL_FILES "apply.several_files" "可以多个文件" "Several files are possible";
    CHOOSE_FILE "apply.choose_file" "选择文件：{name}" "Choose a file: {name}";
    UPLOAD "apply.upload" "上传所选文件" "Upload the chosen file";
    UPLOADED "apply.uploaded" "已上传" "Uploaded";
    REMOVE "apply.remove" "移除" "Remove";
    REMOVE_FILE "apply.remove_file" "移除 {file}" "Remove {file}";
    SCAN_PENDING "apply.scan_pending" "安全检查中" "Being checked";
    SCAN_CLEAN "apply.scan_clean" "安全检查通过" "Checked";
    SCAN_INFECTED "apply.scan_infected" "未通过安全检查，请移除" "Did not pass the check; please remove it";
    GO_ON "apply.go_on" "下一步：核对" "Next: check your answers";
    GO_ON_HINT "apply.go_on_hint" "下一步会检查全部内容，这时还不会提交。" "Everything is checked next; nothing is submitted yet.";

    REVIEW_LEAD "apply.review_lead" "请核对。提交之后，办理部门要求补正时才能修改。" "Please read it over. Once submitted, it can be changed only when the department asks for it.";
    EDIT "apply.edit" "修改" "Change";
    EDIT_PART "apply.edit_part" "修改“{part}”" "Change “{part}”";
    ITEM "apply.item" "事项" "Service";
    FILES_NONE "apply.files_none" "没有上传文件" "No files uploaded";
    DECLARE "apply.declare" "提交即表示：以上内容和材料真实、完整；提供虚假材料的，依法承担责任。" "By submitting you declare that your answers and documents are true and complete; false documents have legal consequences.";
    SUBMIT "apply.submit" "提交申请" "Submit the application";

    ALREADY_LEAD "apply.already_lead" "这份申请已经提交过，没有再次提交。" "It was submitted before and has not been submitted again.";
    ALREADY_OPEN "apply.already_open" "打开回执" "Open the receipt";
    ALREADY_NEW "apply.already_new" "另外再提交一份新的申请" "Make another application";
    ALREADY_LOOK_UP "apply.already_look_up" "用办件编号和查询码查询" "Look it up with its number and query code";
    NUMBER "apply.number" "办件编号" "Number";
    QUERY_CODE "apply.query_code" "查询码" "Query code";
    KEEP_THEM "apply.keep_them" "请拍照、抄下或打印：查询进度、补正、领取结果都要用这两项。查询码等于密码，不要给别人。" "Photograph, copy or print both: you need them to follow your application, to answer questions and to get the result. The query code is like a password.";
    SUBMITTED_AT "apply.submitted_at" "提交时间" "Submitted";
    ORGANISATION "apply.organisation" "办理部门" "Handled by";
    QR "apply.qr" "二维码：扫一扫打开这份申请" "QR code that opens this application";
    QR_HINT "apply.qr_hint" "扫码打开这份申请" "Scan to open it";
    NEXT "apply.next" "接下来" "What happens next";
    NEXT_ACCEPT "apply.next_accept" "办理部门最迟在{due}决定是否受理。" "The department decides by {due} whether it takes the application up.";
    NEXT_ACCEPT_SOON "apply.next_accept_soon" "办理部门先决定是否受理。" "The department first decides whether it takes the application up.";
    NEXT_PROMISE "apply.next_promise" "受理后承诺{promise}内办结。" "Once taken up, it is decided within {promise}.";
    NEXT_ASK "apply.next_ask" "材料不齐时会一次性告知要补什么，可以在网上补正。" "If something is missing, you are told everything at once and can hand it in here.";
    NEXT_FOLLOW "apply.next_follow" "随时可以查看办到哪一步、在谁手里、还剩几天。" "You can see at any time where it stands, who has it and how long is left.";
    FOLLOW "apply.follow" "查看办理进度" "Follow the application";
    PRINT "apply.print" "打印或存为PDF：使用浏览器的“打印”" "To print or keep it as a PDF, use “Print” of your browser";
    SIGNED "apply.signed" "带签名的回执（可离线验证）" "Signed receipt (can be verified offline)";
    SIGNED_LEAD "apply.signed_lead" "下面是大厅签名的承诺：编号、时间、表单和材料的摘要。改动任何一个字符，签名就不成立。" "This is the hall's signed promise: number, time, digests of form and documents. With one character changed, the signature no longer holds.";
    SIGNED_TEXT "apply.signed_text" "回执全文" "The receipt";
    SIGNED_DOWNLOAD "apply.signed_download" "下载回执" "Download the receipt";
    SIGNED_KEY "apply.signed_key" "验证用的公钥" "The key that verifies it";
    SIGNED_HOW "apply.signed_how" "格式为JWS（RFC 7515），算法EdDSA（Ed25519）；用公钥中kid相同的一个，任何支持JWS的工具都能验证。" "It is a JWS (RFC 7515) with EdDSA (Ed25519): any tool for JWS verifies it with the key of the same kid.";
    SIGNED_VERIFY "apply.signed_verify" "验证回执" "Verify a receipt";

    NOT_A_FORM "apply.not_a_form" "没有收到完整的表单，请回到上一页重新提交" "The form did not arrive whole; go back and send it again";
    BODY_TOO_LARGE "apply.body_too_large" "提交的内容过大，只收到前一部分。请减少文件或文字后再试" "What you sent is too large; only its first part arrived. Send fewer or smaller files, or less text";
    TOO_MANY_PARTS "apply.too_many_parts" "提交的项目过多，只收到前一部分" "Too many fields or files were sent; only the first part arrived";
    BROKEN_OFF "apply.broken_off" "上传中断，只收到前一部分。请检查网络后再试" "The upload broke off; only its first part arrived. Check your connection and try again";
    KEY_EXPIRED "apply.key_expired" "页面打开时间过长，已重新检查一遍。请核对后再次提交" "The page was open for too long and has been checked again. Please read it over and submit it once more";
    ROW_ADDED "apply.row_added" "已增加一行" "A row was added";
    FILE_KIND "apply.file_kind" "“{file}”不是可以上传的文件类型；请上传照片、PDF、OFD或Office文档" "“{file}” is of a kind that is not taken; upload a picture, a PDF, an OFD or an Office document";
    FILE_FORMAT "apply.file_format" "此材料不收“{file}”这种格式" "Files like “{file}” are not taken for this document";
    FILE_EMPTY "apply.file_empty" "“{file}”是空文件，没有上传" "“{file}” is empty and was not uploaded";
    FILE_TOO_LARGE "apply.file_too_large" "“{file}”超过{most}，没有上传" "“{file}” is larger than {most} and was not uploaded";
    FILE_REFUSED "apply.file_refused" "“{file}”没有上传：{why}" "“{file}” was not uploaded: {why}";
    FILE_GONE "apply.file_gone" "一个已上传的文件超过一天未提交，已被清除，请重新上传" "An uploaded file was not submitted within a day and has been removed; please upload it again";

    OPTIONAL "apply.optional" "选填" "(optional)";
    CHOOSE "apply.choose" "请选择" "Choose one";
    ADD_ROW "apply.add_row" "增加一行" "Add a row";

    JS_UPLOADING "apply.js_uploading" "正在上传 {file}：{percent}%" "Uploading {file}: {percent}%";
    JS_FAILED "apply.js_failed" "“{file}”没有上传成功，请再试一次" "“{file}” could not be uploaded; please try again";
    JS_DONE "apply.js_done" "已上传 {file}" "{file} is uploaded";
    JS_LEFT "apply.js_left" "还可以写{n}个字" "{n} characters left";
    JS_OVER "apply.js_over" "超出{n}个字" "{n} characters too many";
    JS_SENDING "apply.js_sending" "正在提交…" "Sending…";
}
