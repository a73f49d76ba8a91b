"""Code pages of TM printers that Python has no codec for: the characters of 80h to FFh.

Source: ESC/POS Command Reference, "Character code tables"; U+FFFD stands where nothing is defined.
"""

from typing import Final

PAGE_TABLES: Final = {
    11: (  # PC851 Greek
        "ÇüéâäàΆçêëèïîΈÄΉΊ\ufffdΌôöΎûùΏÖÜά£έήί"
        "ϊΐόύΑΒΓΔΕΖΗ½ΘΙ«»░▒▓│┤ΚΛΜΝ╣║╗╝ΞΟ┐"
        "└┴┬├─┼ΠΡ╚╔╩╦╠═╬ΣΤΥΦΧΨΩαβγ┘┌█▄δε▀"
        "ζηθικλμνξοπρσςτ´\u00ad±υφχ§ψ¸°¨ωϋΰώ■\u00a0"
    ),
    12: (  # PC853 Turkish
        "ÇüéâäàĉçêëèïîìÄĈÉċĊôöòûùİÖÜĝ£Ĝ×ĵ"
        "áíóúñÑĞğĤĥ\ufffd½Ĵş«»░▒▓│┤ÁÂÀŞ╣║╗╝Żż┐"
        "└┴┬├─┼Ŝŝ╚╔╩╦╠═╬¤\ufffd\ufffdÊËÈıÍÎÏ┘┌█▄\ufffdÌ▀"
        "ÓßÔÒĠġµĦħÚÛÙŬŭ\ufffd´\u00ad\ufffdℓŉ˘§÷¸°¨˙\ufffd³²■\u00a0"
    ),
    30: (  # TCVN-3 Vietnamese
        "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd"
        "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdăâêôơưđ\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdàảãáạ\ufffdằẳẵắ\ufffd"
        "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdặầẩẫấậè\ufffdẻẽéẹềểễếệìỉ\ufffd\ufffd\ufffdĩíịò"
        "\ufffdỏõóọồổỗốộờởỡớợù\ufffdủũúụừửữứựỳỷỹýỵ\ufffd"
    ),
    31: (  # TCVN-3 Vietnamese capitals
        "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd"
        "\ufffdĂÂ\ufffd\ufffd\ufffd\ufffdÐ\ufffd\ufffdÊÔƠƯ\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdÀẢÃÁẠ\ufffdẰẲẴẮ\ufffd"
        "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdẶẦẨẪẤẬÈ\ufffdẺẼÉẸỀỂỄẾỆÌỈ\ufffd\ufffd\ufffdĨÍỊÒ"
        "\ufffdỎÕÓỌỒỔỖỐỘỜỞỠỚỢÙ\ufffdỦŨÚỤỪỬỮỨỰỲỶỸÝỴ\ufffd"
    ),
    41: (  # PC1098 Farsi
        "\ufffd\ufffd\u060c\u061b\u061f\u064b\u0622\ufe82\uf8fa\u0627\ufe8e\uf8fb\u0621\u0623\ufe84\uf8f9\u0624\ufe8b\u0628\ufe91\ufb56\ufb58\u062a\ufe97\u062b\ufe9b\u062c\ufe9f\ufb7a\ufb7c×\u062d"
        "\ufea3\u062e\ufea7\u062f\u0630\u0631\u0632\ufb8a\u0633\ufeb3\u0634\ufeb7\u0635\ufebb«»░▒▓│┤\u0636\ufebf\ufec1\ufec3╣║╗╝¤\ufec5┐"
        "└┴┬├─┼\ufec7\u0639╚╔╩╦╠═╬\ufffd\ufeca\ufecb\ufecc\u063a\ufece\ufecf\ufed0\u0641\ufed3┘┌█▄\u0642\ufed7▀"
        "\ufb8e\ufedb\ufb92\ufb94\u0644\ufedf\u0645\ufee3\u0646\ufee7\u0648\u0647\ufeeb\ufeec\ufba4\ufbfc\u00ad\ufbfd\ufbfe\u0640\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669■\u00a0"
    ),
    42: (  # PC1118 Lithuanian
        "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ"
        "áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤ĄČĘĖ╣║╗╝ĮŠ┐"
        "└┴┬├─┼ŲŪ╚╔╩╦╠═╬Žąčęėįšųūž┘┌█▄▌▐▀"
        "αβΓπΣσµτΦΘΩδ∞φε⋂≡±≥≤„“÷≈°∙˙√ⁿ²■\u00a0"
    ),
    43: (  # PC1119 Lithuanian
        "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ"
        "абвгдежзийклмноп░▒▓│┤ĄČĘĖ╣║╗╝ĮŠ┐"
        "└┴┬├─┼ŲŪ╚╔╩╦╠═╬Žąčęėįšųūž┘┌█▄▌▐▀"
        "рстуфхцчшщъыьэюяЁё≥≤„“÷≈°∙·√ⁿ²■\u00a0"
    ),
}
"""By the n of ESC t."""
