//! Help.
#![allow(missing_docs, reason = "the key says what each text is")]

super::texts! {
    TITLE "help.title" "帮助" "Help";
    LEAD "help.lead" "从申请到拿到结果，最常被问到的几件事。" "What people ask most, from applying to the result.";
    Q_ACCOUNT "help.q_account" "申请需要注册账号吗？" "Do I need an account?";
    A_ACCOUNT "help.a_account" "不需要。提交后您会得到办件编号和查询码，凭这两样就能查进度、补正、撤回和评价。请把它们记下来或者拍照保存，不要告诉别人。" "No. After submitting you get a number and a query code; with both you can follow, answer, withdraw and rate. Write them down or take a picture, and keep them to yourself.";
    Q_LOST "help.q_lost" "查询码丢了怎么办？" "I have lost my query code";
    A_LOST "help.a_lost" "请带身份证件到受理窗口，或者致电12345。为了保护您的信息，网上不能找回。" "Go to the window with your identity document, or call 12345. To protect you it cannot be recovered online.";
    Q_PHOTO "help.q_photo" "材料可以拍照上传吗？" "May I photograph my documents?";
    A_PHOTO "help.a_photo" "可以。放平、光线均匀、四角拍全、字能看清就行；一份材料有多页的，一页一张。也可以上传PDF。" "Yes. Lay them flat in even light, with all four corners in the picture and the text readable; one picture a page. PDF files are fine too.";
    Q_WHEN "help.q_when" "“工作日”怎么算？" "How are working days counted?";
    A_WHEN "help.a_when" "从收到或受理的第二天起算，周末和法定节假日不算，调休上班的日子算。办件页面上每个时限都可以展开，看到每一天算不算、为什么。" "From the day after receipt or acceptance. Weekends and public holidays do not count, made-up working days do. On the page of your application every time limit unfolds to show each day and why it counted or not.";
    Q_CORRECTION "help.q_correction" "收到补正通知怎么办？" "I was asked for corrections";
    A_CORRECTION "help.a_correction" "打开您的办件，页面最上方会写明要补什么；写说明、上传文件、提交即可。补正期间办理时限暂停。" "Open your application: what is missing stands at the top. Write, upload, submit. The clock stands still meanwhile.";
    Q_WITHDRAW "help.q_withdraw" "可以撤回申请吗？" "Can I withdraw?";
    A_WITHDRAW "help.a_withdraw" "办结以前都可以提出。还没有转交承办部门的，当场撤回；已经转交的，由承办部门确认。" "Yes, until it is closed. Before it was handed over it is withdrawn at once; afterwards the department confirms.";
    Q_RECEIPT "help.q_receipt" "回执有什么用？" "What is the receipt for?";
    A_RECEIPT "help.a_receipt" "回执有本大厅的数字签名，证明您在什么时间提交了什么。任何人凭公开的公钥都能离线验证，不需要再问我们。" "It is signed by the hall and proves what you handed in and when. Anybody can verify it offline with the published key, without asking us.";
    Q_SAFE "help.q_safe" "我的信息安全吗？" "Is my information safe?";
    A_SAFE "help.a_safe" "姓名、证件号码、表单和材料都加密保存，只交给办理这件事的部门；没有查询码的人看不到。" "Names, numbers, forms and files are stored encrypted and go only to the body that handles your case; nobody sees them without your query code.";
}
