//! What frames every page, and what stands on the page of a refusal.
#![allow(missing_docs, reason = "the key says what each text is")]

super::texts! {
    HALL "shell.hall" "广东省网上办事大厅" "Guangdong Online Service Hall";
    BRAND "shell.brand" "通办" "Tongban";
    SLOGAN "shell.slogan" "统一申办 · 统一受理 · 统一办理 · 统一反馈" "Apply once, followed through to the result";
    SKIP "shell.skip" "跳到正文" "Skip to the content";
    NAVIGATION "shell.navigation" "主导航" "Main navigation";
    NAV_ITEMS "shell.nav_items" "办事事项" "Services";
    NAV_CASE "shell.nav_case" "查询办件" "My application";
    NAV_HELP "shell.nav_help" "帮助" "Help";
    COMMA "shell.comma" "、" ", ";
    COLON "shell.colon" "：" ": ";
    OTHER_LANGUAGE "shell.other_language" "English" "中文";
    FOOTER_INTERFACE "shell.footer_interface" "开放接口" "Interface for programs";
    FOOTER_KEY "shell.footer_key" "回执验证公钥" "Key that verifies receipts";
    REQUEST "shell.request" "页面编号" "Page number";
    FOREIGN_FORM "shell.foreign_form" "此表单不是由本网站页面提交的，请回到本网站重新操作。" "This form was not sent from a page of this site. Please start again from here.";
    INTERNAL "shell.internal" "页面暂时无法显示，请稍后再试。" "The page cannot be shown at the moment. Please try again later.";

    ERROR_WHAT_NOW "error.what_now" "您可以" "What you can do";
    ERROR_HOME "error.home" "回到首页重新查找" "Go back to the first page and search again";
    ERROR_LOOK_UP "error.look_up" "用办件编号和查询码查询您的办件" "Open your application with its number and query code";
    ERROR_WAIT "error.wait" "约{n}分钟后再试" "Try again in about {n} minutes";
    ERROR_ASK "error.ask" "仍有问题时，请致电12345，并告知下面的页面编号" "If this goes on, call 12345 and tell them the page number below";
}
